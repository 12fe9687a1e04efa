"""Google: the token exchange for service accounts, Sheets v4,
and the little of Drive that gspread needs.
"""
