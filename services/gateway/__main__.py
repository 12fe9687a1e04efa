"""`python -m services.gateway`"""

from services.common.serve import load_settings, serve
from services.gateway.app import create_app, open_gateway_database
from services.gateway.settings import GatewaySettings

serve(
    "gateway",
    load_settings(GatewaySettings),
    create_app,
    prepare=lambda settings: open_gateway_database(settings).dispose(),
)
