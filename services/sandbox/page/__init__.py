"""The sandbox's own pages: the public timeline to look at and to write into, and its faults."""
