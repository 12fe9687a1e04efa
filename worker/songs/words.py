"""The parser's vocabulary: words that end a name, and words that tell that something is none.

Entries are regular expressions, apart by commas.
"""

from __future__ import annotations

import re


def one_of(entries: str) -> str:
    """A pattern that matches any of the entries."""
    return "(?:" + "|".join(" ".join(entry.split()) for entry in entries.split(",")) + ")"


def set_of(words: str) -> frozenset[str]:
    """The words, which stand apart by spaces."""
    return frozenset(words.split())


UPPER = r"(?:[^\W\d_a-z\u00df-\u00ff]|[@*$](?=\w))"
"""What a name begins with: a capital, a letter of a script without cases, a handle's mark."""
NAME_BEGINS = rf"(?:{UPPER}|[0-9#])"
"""The same, a digit or a hashtag: how a name begins that stands first in its line."""

SERVICES = one_of(
    r"""pandora, spotify, apple\s?music, youtube, soundcloud, tidal, deezer, itunes,
    i\s?heart\s?radio, last\.?fm, bandcamp, shazam, vevo, amazon, sirius\s?xm, radio, repeat, loop,
    vinyl, rotation, vh1, mtv, pan\w*\.\."""
)
"""Where music plays: what may follow a name after "on" or "via"."""

WHOLE_NAMES = (
    "blood, sweat & tears",
    "crosby, stills, nash & young",
    "does it offend you, yeah?",
    "earth, wind & fire",
    "emerson, lake & palmer",
    "godspeed you! black emperor",
    "panic! at the disco",
    "peter, paul and mary",
    "portugal. the man",
    "the go! team",
    "the good, the bad & the queen",
    "therapy?",
    "tyler, the creator",
)
"""Names whose own punctuation would end them."""
WHOLE_NAME = f"(?i:{'|'.join(map(re.escape, WHOLE_NAMES))})"

_FOR_WHAT = (
    "(?:a (?:second|sec|minute|moment|while|reason|bit|day|week|month|year)|the (?:first|last)|"
    "this|that|me|us|hours|days|weeks|months|years|once|some|all|about)"
)
PROSE = one_of(
    rf"""is, are, was, were, has, have, had, will, would, can, could, should, makes?, made, got,
    gets?, gave, just, while, when, whenever, because, cause, cuz, bc, right now, rn, again, today,
    tonight, yesterday, tomorrow, this, every, always, still, so, which, (?<!\bthe\s)who, that, but,
    it, its, it's, i, i'm, im, i've, lol, omg, since, after, before, until, if, really, never, not,
    as(?= [a-z]), one of, out now, now,
    for(?= {_FOR_WHAT}\b), (?<!bullet )for(?= my\b), (?<!\b[Tt]o )my, out of, thinking, during,
    all(?= (?:day|night|week|month|year|summer|winter|morning|evening|the time)\b),
    came, comes, plays, played, playing, turns, turned, sounds?, or,
    obviously, honestly, literally, please, pls, though, tho, anyway, instead, already, forever"""
)
"""Words that end a name where they stand in lower case; in upper case they may belong to it."""

CHART_VERBS = one_of(
    r"""debut(?:s|ed)?, enter(?:s|ed)?, hits?, rises?, climb(?:s|ed)?, reach(?:es|ed)?,
    drop(?:s|ped)?, spends?, remains?, tops?, earns?, sold, surpass(?:es|ed)?, becomes?,
    re-enters?, returns?, jumps?"""
)

NO_ARTIST_LOWER = one_of(
    r"""far, accident, mistake, myself, yourself, himself, herself, itself, themselves, ourselves,
    now, then, next, this, that, these, those, my, your, his, our, their, its, it, me, you, him,
    them, us, everyone, anyone, someone, everybody, anybody, somebody, default, definition, design,
    hand, heart, name, law, chance, choice, request, popular, email, e-mail, mail, phone, text,
    train, car, bus, plane, foot, all, any, some, which, what, who, whom, whose, how, when, where,
    an, one, two, three, as, at, in, on, to, for, from, and, or, via, ht, htt, http, is, are, was,
    a(?! (?:tribe|perfect|day|flock|great|static|silent)), not, no, even, just, only, both, each,
    another, other, others, many, several, various, day, night, side, and large, people, fans,
    saying, doing, making, going, using, having, being, taking, putting, giving, watching,
    clicking, following, tweeting, voting, buying, downloading, ordering, visiting, entering,
    sending, posting, checking, reading, listening, streaming, texting, calling, joining, getting,
    adding, saving, paying, working, winning, signing, sharing, leaving, running, walking, talking,
    writing, turning, keeping, letting, trying, asking, showing, playing"""
)
"""What may follow "by" and is no artist, in lower case: a manner, a pronoun, a deed."""

NO_ARTIST_AFTER_THE = one_of(
    """way, time, end, pool, beach, sea, fire, door, side, hand, author, artist, same, year, river,
    window, book, numbers, hour, day, minute, creators?, producers?, makers?, guys?, team, band,
    amazing, great, legendary, lovely, incredible, one, original, late"""
)
_DAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = one_of(
    """january, february, march, april, may, june, july, august, september, october, november,
    december, jan, feb, mar, apr, jun, jul, aug, sept?, oct, nov, dec"""
)
# Each part looks at its first character: so most names are through it at once.
NOT_ARTIST = (
    rf"(?!(?=[a-z])(?:{NO_ARTIST_LOWER}|the {NO_ARTIST_AFTER_THE})(?![\w-])"
    rf"|(?i:(?=[mtwfsn])(?:next |this )?{_DAY}\b"
    r"|(?=[tnm])(?:today|tonight|tomorrow|noon|midnight)\b(?! [A-Z])"
    r"|(?=\d)(?:(?-i:(?!2[AP]M\b))\d{1,2}(?::\d\d)? ?(?:am|pm)\b"  # 2PM and 2AM are bands
    r"|\d+%|\d+ (?:people|fans|points|minutes|hours|days|votes|million))"
    rf"|(?=[jfmasond]){_MONTH}\.? \d|(?=[tea])(?:the )?(?:end of|author)\b"
    r"|(?=[@lpsy])@?(?:lastfm|pandora|spotify|youtube)\b))"
)
"""A lookahead: what follows is no artist, but a time, a manner or a pronoun."""

NO_TITLE = re.compile(
    "(?:"
    + one_of(
        "a, an, the, this, that, my, his, her, our, some, any, more, another, your, good, best"
    )
    + r"\s+)?"
    + one_of(
        r"""(?:brand )?new\s, favou?rite\s, first\s, latest\s, same\s, whole\s, other\s,
        beautiful\s"""
    )
    + "*"
    + one_of(
        """it, that, this, them, these, those, music, songs?, singles?, tracks?, tunes?, stuff,
        (?-i:something), everything, anything, nothing, what, radio, podcasts?, albums?, ep, lp,
        videos?, covers?, remix, photos?, pics?, picture, art, artwork, cover art, design, hair,
        make-?up, lyrics, post, article, review, interview, tickets?, directed, written, produced,
        words, story, quote, drawing, painting, report, presented, hosted, powered, filmed, shot,
        edited, mixed, mastered, sponsored, inspired, styled, stop, drop, come, swing, pass, passed,
        walk, stand, selected, curated, created, made, posted, brought to you, read, performed,
        designed, book, novel, film, movie, text, image, illustration, news, charts?, tv(?: radio)?,
        yes, no, hi, thanks?, thank you, the, and, pandora, spotify, youtube, out now, official,
        trailer, live, playlist, mixtape, followed, retweeted, liked, info, opening, support,
        dj set, guest, performances?"""
    ),
    re.IGNORECASE,
)
"""What stands before "by" and is no title, unless it is marked as one: a credit, a thing."""

WHOLE_WORK = re.compile(
    r"\b"
    + one_of(
        r"""albums?, eps?, EP, lp, LP, mixtapes?, playlists?, podcasts?, audiobooks?, soundtracks?,
        movies?, films?, novels?, episodes?, interviews?, music, songs?, discography, voice, words,
        people, everything, someone, radio, stories, concert, collection, vlog,
        (?i:teaser|trailer)(?: (?i:spot))?, (?i:highlight medley),
        deluxe (?:version|edition)\)"""
    )
    + "$"
)
"""The end of what is no song but an album, a film, music at large: "her new album"."""
OPENS_ALBUM = re.compile(
    r"(?:(?:\w+ ){0,2}(?:album|lp|ep) of the (?:day|week|month|year|decade):|"
    r"(?:the|this|her|his|their|a) (?:new |latest )?(?:album|lp|ep|mixtape)) ",
    re.IGNORECASE,
)
"""What says so at a title's beginning: "the album Rumours"."""

POINTING = re.compile(
    one_of("these, those, this, that, my, some, all, your, our, his, her, their, more, so") + r"\b"
)
"""What opens things one points at: "these songs"."""

NO_OWNER = re.compile(
    one_of(
        rf"""it, that, this, what, here, there, where, who, how, let, he, she, today, tonight,
        tomorrow, yesterday, everybody, everyone, someone, nobody, y'?all, {_DAY}, world, life, mom,
        mum, dad, mother, father, sister, brother, america, nbc, abc, cbs, fox, bbc, cnn, hbo,
        netflix, disney, marvel, pixar, webster, hollywood, broadway, when, why, one, i, we, you,
        they, god, the, and, but, a, an, my, week, month, year, last night, women, men, kids,
        children, people, day, new, snl, espn, mtv, vh1, bet, google, apple, twitter, facebook,
        microsoft, amazon, youtube, instagram"""
    ),
    re.IGNORECASE,
)
"""Owners of quoted things that are no musicians, as in "Today's" and "NBC's"."""

NO_GUESS = re.compile(
    rf"(?:{_DAY}s?|{_MONTH}(?:uary|ruary|ember|ober)?)(?: \d+\w*)?|"
    rf"\d+\w* {_MONTH}|.*\d\d:\d\d.*|.*\beps?\.? \d.*",
    re.IGNORECASE,
)
"""Days and hours, which stand around a dash as often as names do."""

FACTS = re.compile(
    rf"[\u20ac\u00a3]|\$\d|\d[$%\u00b0]|\b20[012]\d\b|\b\d+ {_MONTH}\b|\b{_MONTH} \d",
    re.IGNORECASE,
)
"""Prices, shares and dates: what stands around a dash in news, not in a song."""

NO_NAME = re.compile(
    r"\b"
    + one_of(
        r"""new(?! (?:order|edition|radicals|kids|found|model|york dolls)),
        videos?, (?<!roxy )music, covers?, songs?, mv, watch, download, listen, official,
        premieres?,
        live, single, tracks?, album, releases?, drops?, debuts?, performs?, performing, sings?,
        singing, unveils?, shares?, replaced, posted, check, out now, flashback, pre-?order, stream,
        now ?playing, np, news, charts, tv radio, message, original, christmas, theme, teaser,
        trailer, episode,
        (?:top|hot) \d+, best, get, via, tune, vote, win, issue, winning, (?<!\.)i(?!\.), i'm,
        my(?! (?:bloody|chemical|morning|brightest|vitriol)), your, you"""
    )
    + r"\b|^[\d\W]+$",
    re.IGNORECASE,
)
"""Words that no artist's name holds, where only its place in a post makes it one."""

CREDITS = one_of(
    r"""photos?, photography, photograph, pics?, pictures?, videos?, remix, mix, art, artwork,
    designs?, words, story, stories, piece, article, interview, review, posts?, tweets?, covers?,
    music, lyrics, report, hair, make-?up, dress, styling, film, movie, book, novel, essay, poem,
    quote, shows?, sets?, performances?, albums?, ep, lp, singles?, songs?, tracks?, tunes?,
    playlist, speech, comments?, project, edition, series, collection, gift, app, tickets?, votes?,
    credits?, logo, poster, shirt, image, illustration, painting, drawing, sketch, talk, panel,
    appearance, visit, direction, production, beats?, edit"""
)
"""Things that are somebody's work, and are no title where they stand before "by"."""

NOT_BEFORE_BY = one_of(
    r"""\w+(?:ed|ing), made, done, gone, written, sung, shot, drawn, taken, given, led, built, held,
    won, lost, sold, told, read, brought, taught, known, seen, heard, found, caught, chosen, driven,
    thrown, run, put, sent, kept, met, left, spoken, stolen, worn, fed, bought, right, one, day,
    step, side, bit, little, stand, stop, stops, come, came, go, goes, went, pass, passes, walk,
    drop, swing, out, close, near, down, over, up, it, him, her, me, us, you, them, this, that,
    stuff, work, support, donation, minutes, hours, days, weeks?, years?, night, morning, home,
    here, there, back, off, fan, fans, guy, girl, man, woman, kid, people, food, cake, is, was, are,
    were, be, been, not, only, and, or, but, live, try, fly, swear, abide, judge, start, end"""
)
"""What stands before "by" in a deed or a manner, small or as a sentence's first word."""

OPENS_TITLE = one_of(
    r"""to, with, of, is, was, like, but, and, than, hear, hears, heard, hearing, play, plays,
    played, playing, love, loves, loved, loving, sing, sings, sang, singing, song, track, into,
    about, on, for, called, that's, it's, need, needs, want, again, got, gets, had, has, have"""
)
"""After one of these a title may begin, in prose written small."""

COMMON = one_of(
    r"""i, i'm, im, you, your, we, we're, my(?! (?:bloody|chemical|morning)),
    our, me, us, he, she, they, them, it, it's, this,
    that, these, those, is, are, was, be, am, do, don't, can't, have, has, thanks?, thank, so, good,
    great, happy, now, new, just, please, hey, hi, hello, yes, no, not, ok, okay, today, tonight,
    tomorrow, and, or, but, if, when, what, who, how, why, where, there, here, love, see, get, got,
    check, out, watch, go, going, make, ps, p\.s, pm, am, rt, via, day, week, time, one, two, first,
    last, next, some, any, all, more, very, too, really, with, from, at, for, to, http\w*"""
)
"""Words of small talk: no artist that is written small holds one."""

NO_ARTIST_SMALL = one_of(
    rf"""in, on, at, for, with, from, to, of, is, are, was, were, has, have, had, will, would, came,
    and (?:i|it|my|now|the), but, so, while, when, as, still, just, again, if, because, that,
    makes?, made, sounds?, plays?, playing, hits?, always, never, after, before, over, during,
    {NO_ARTIST_LOWER}"""
)
"""What ends an artist, or is none, where all is written small."""
