"""`python -m services.gateway`"""

from services.common.arguments import take_no_arguments
from services.common.serve import load_settings, serve
from services.gateway.app import create_app, open_gateway_database
from services.gateway.settings import GatewaySettings

take_no_arguments("python -m services.gateway")
serve(
    "gateway",
    load_settings(GatewaySettings),
    create_app,
    prepare=lambda settings: open_gateway_database(settings).dispose(),
)
