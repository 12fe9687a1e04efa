"""What can go wrong in the writer.

ModelError
├── BundleError             the trained writer on disk cannot be used
│   ├── BundleMissingError
│   ├── BundleCorruptError
│   └── BundleFormatError
├── CorpusError             the training text cannot be used
├── PrecisionError          the machine cannot compute in a precision
├── ReportError             what a report is to show cannot be read
├── RequestError            the caller asked for something impossible (also a ValueError)
└── TrainingError           a training cannot start or go on
"""


class ModelError(Exception):
    """Any failure of the model that its user can act on."""


class BundleError(ModelError):
    """A bundle cannot be used."""


class BundleMissingError(BundleError):
    """There is no bundle at the place named, or a file of it is absent."""


class BundleCorruptError(BundleError):
    """A bundle's file is not what was saved."""


class BundleFormatError(BundleError):
    """A bundle was saved in a format that this version does not read."""


class CorpusError(ModelError):
    """The training text is absent or malformed."""


class PrecisionError(ModelError):
    """The machine cannot compute in a precision; the message names one to use."""


class ReportError(ModelError):
    """What a report is to show is absent or malformed."""


class RequestError(ModelError, ValueError):
    """A request's value is out of range; the message names the field and the range."""


class TrainingError(ModelError):
    """A training cannot start or go on."""
