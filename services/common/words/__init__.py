"""Words as they are compared: folded, kept out, and held against what was said before.

The worker publishes by these rules, and the desk tells a curator of them beforehand.
"""
