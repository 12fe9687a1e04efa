"""The gateway: timelines, catalogues and sheets behind one REST contract, and the pages."""
