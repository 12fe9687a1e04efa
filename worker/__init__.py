"""The clock and the conscience: poll, parse, resolve, draft, deliver, collect decisions, publish.

Every step is durable. What is to be done next is read from the database, never from memory, so
that a worker that died between any two lines goes on where it was; `docs/flow.md` draws how.
"""
