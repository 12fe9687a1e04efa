"""Names written so plainly that nothing has to be cut from them, dropped or spelled.

- `artist_end` cuts at marks, at small words of prose and at what players add: an artist here has no
  mark, of small words only what joins names, and after it stands nothing or what a player adds.
- `clean_title` and `clean_artists` drop brackets and remarks, part guests and spell handles: here
  is no bracket, no dash, no "feat.", no handle, and one blank between two words.
- `is_whole_work` knows an album or a film by its last word, in small letters or one of a few in
  capitals: no title here ends so.

Names that are plain in other ways are left to those functions: this saves time and decides nothing.
"""

from __future__ import annotations

import re

from worker.songs.words import NOT_ARTIST

_ASIAN = r"[\u3041-\u9fff\uac00-\ud7a3]"  # scripts without cases
_NAME = (
    r"(?![EFLMNRT](?i:p|t|eat|v|usic|ow|easer|railer|edley))"
    r"[A-Z\d][^\W_]*(?:'(?:[a-z]|re|ll|ve)?)?"
)
"""A word of a name, but not what may end one or part one: EP, LP, Ft, Feat, MV, RT, Music, Now."""
_SMALL = (
    r"(?:a|all|an|and|at|be|for|from|i[nst]|it|me|my|no|not|o[fnr]|so|the|this|to|up|was|with|"
    r"you|your|&)"
)
_TITLE = rf"(?:{_NAME}|{_ASIAN}[^\W_]*)(?:,? (?:{_NAME}|{_SMALL}(?![^ \"]))){{0,14}}[!?]?"
_ARTIST = rf"(?:{_NAME}(?:(?: (?:of|the|and|&)){{0,2}} {_NAME}){{0,3}}|{_ASIAN}[^\W_]*)"
_AFTER = r"(?:\s?$| on #?Pandora(?!\w)| via @lastfm$)"
plain_names = re.compile(rf"({_TITLE})\"? by {NOT_ARTIST}({_ARTIST}){_AFTER}").match
"""Matches a title, its closing mark if it has one, "by", an artist and what a player adds."""
plain_artist = re.compile(rf"({_ARTIST}){_AFTER}").match
"""Matches such an artist alone, with what a player adds."""
