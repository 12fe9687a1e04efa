"""The writer: learns to write music commentary, and writes it.

Importing this package costs nothing; torch is imported by the module that needs it. The rest of
the house uses one door, `model.writer.Writer`, and the errors of `model.errors`.
"""
