"""`/playground`: name a song or genres, and see at once what the writer makes of them.

A form sent by GET, so that the address is the link which shows the same to others. What the
visitor did not say (the seed, what the catalogues know of the song) is found out once, and the
visitor is sent on to the address that says it.
"""
