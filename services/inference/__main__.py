"""`python -m services.inference` serves until it is told to stop."""

from functools import partial

from services.common.arguments import take_no_arguments
from services.inference.launch import launch


def main() -> None:
    """Serve; the writer's process reads its libraries while this one reads its own."""
    take_no_arguments("python -m services.inference")
    launched = launch()
    from services.common.serve import load_settings, serve  # noqa: PLC0415 - see above
    from services.inference.app import create_app  # noqa: PLC0415 - see above
    from services.inference.process_executor import ProcessExecutor  # noqa: PLC0415 - see above
    from services.inference.settings import InferenceSettings  # noqa: PLC0415 - see above

    employ = partial(ProcessExecutor, launched=launched)
    serve("inference", load_settings(InferenceSettings), partial(create_app, employ=employ))


if __name__ == "__main__":
    main()
