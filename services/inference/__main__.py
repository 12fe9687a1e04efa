"""`python -m services.inference` serves until it is told to stop."""

from services.common.serve import load_settings, serve, take_no_arguments
from services.inference.app import create_app
from services.inference.settings import InferenceSettings

take_no_arguments("python -m services.inference")
serve("inference", load_settings(InferenceSettings), create_app)
