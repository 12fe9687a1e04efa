"""Stand-ins that speak the vendors' own wire protocols on loopback.

The real client libraries talk to this process in place of X, Mastodon, Bluesky, the catalogues
and Google, so that the whole bot runs, and is tested, on the path that production takes. It holds
state like the outside world does: what was posted stays posted when everything else is killed.
"""
