"""MusicBrainz's words for genres.

MusicBrainz keeps a closed list of genres; anything else people call an artist is only a tag.
Spotify's microgenres are mostly made of such a genre with words before it ("canadian indie pop"),
so the genre is found at the end of the name.
"""

# A part of MusicBrainz's closed list, spelled its way.
GENRES = frozenset(
    """
    acid house|acid jazz|acoustic rock|adult contemporary|afrobeat|afrobeats|alt-country
    alt-pop|alternative country|alternative dance|alternative hip hop|alternative metal
    alternative pop|alternative r&b|alternative rock|ambient|ambient pop|ambient techno|americana
    art pop|art punk|art rock|bachata|baroque pop|bassline|bebop|bedroom pop|big band|big beat
    black metal|blue-eyed soul|bluegrass|blues|blues rock|bolero|boogie|boogie-woogie|boom bap
    bossa nova|boy band|breakbeat|british invasion|britpop|brill building|brostep|bubblegum pop
    canterbury scene|celtic rock|chamber pop|chanson|chillout|chillwave|christian rock|city pop
    classic country|classic rock|classical|cloud rap|coldwave|conscious hip hop|contemporary r&b
    cool jazz|country|country blues|country folk|country pop|country rap|country rock|cowpunk
    crunk|cumbia|dance|dance-pop|dance-punk|dance-rock|dancehall|darkwave|death metal|deep house
    dirty south|disco|doo-wop|doom metal|downtempo|dream pop|drill|drone|drum and bass|dub|dubstep
    east coast hip hop|easy listening|edm|electro|electro house|electro-funk|electroclash
    electronic|electronica|electropop|emo|emo pop|eurodance|europop|exotica|experimental|folk
    folk pop|folk punk|folk rock|folktronica|footwork|freak folk|freestyle|french house|funk
    funk rock|future bass|future garage|g-funk|gangsta rap|garage house|garage punk|garage rock
    glam metal|glam rock|glitch|glitch hop|gospel|gothic rock|grime|groove metal|grunge
    happy hardcore|hard bop|hard rock|hardcore hip hop|hardcore punk|heartland rock|heavy metal
    hip hop|hip house|honky tonk|horrorcore|house|hyperpop|hypnagogic pop|hyphy|idm|indie folk
    indie pop|indie rock|indietronica|industrial|industrial metal|industrial rock|instrumental
    instrumental hip hop|italo-disco|j-pop|j-rock|jangle pop|jazz|jazz fusion|jazz rap|jungle
    k-pop|krautrock|latin|latin jazz|latin pop|latin rock|lo-fi|lo-fi hip hop|lounge|lovers rock
    math rock|melodic house|melodic rock|memphis rap|merengue|merseybeat|metal|metalcore
    miami bass|microhouse|mod revival|motown|mpb|neo soul|neo-psychedelia|new age|new jack swing
    new orleans r&b|new romantic|new wave|no wave|noise pop|noise rock|northern soul|nu disco
    nu jazz|nu metal|nu skool breaks|outlaw country|outsider house|philly soul|piano rock
    plunderphonics|pop|pop metal|pop punk|pop rap|pop rock|pop soul|post-grunge|post-hardcore
    post-punk|post-punk revival|post-rock|power metal|power pop|progressive folk
    progressive house|progressive metal|progressive pop|progressive rock|progressive trance
    proto-punk|psychedelic folk|psychedelic pop|psychedelic rock|psychedelic soul|pub rock|punk
    punk rock|quiet storm|r&b|ragtime|rap metal|rap rock|red dirt|reggae|reggaeton|riot grrrl|rock
    rock and roll|rockabilly|rocksteady|roots reggae|roots rock|sadcore|salsa|samba|shoegaze
    singer-songwriter|ska|ska punk|slacker rock|slowcore|smooth jazz|smooth soul|soft rock|soul
    soul blues|soul jazz|southern gospel|southern hip hop|southern rock|southern soul|space rock
    speed metal|spoken word|stoner rock|sunshine pop|surf|surf rock|swamp pop|swing|synth-pop
    synthwave|tech house|techno|teen pop|thrash metal|traditional country|traditional pop|trance
    trap|trip hop|tropical house|turntablism|twee pop|uk garage|underground hip hop|vaporwave
    vocal jazz|west coast hip hop|witch house|yacht rock|zydeco
    """.replace("\n", "|")
    .replace("    ", "")
    .strip("|")
    .split("|")
) - {""}
# Spotify's spelling, and MusicBrainz's of the same thing.
SPELLINGS = {
    "album rock": "classic rock",
    "alt z": "alt-pop",
    "atl hip hop": "southern hip hop",
    "bubblegum dance": "eurodance",
    "dance pop": "dance-pop",
    "dance rock": "dance-rock",
    "doo wop": "doo-wop",
    "drum and bass": "drum and bass",
    "electro swing": "electronic",
    "indie r&b": "alternative r&b",
    "mellow gold": "soft rock",
    "neo mellow": "adult contemporary",
    "permanent wave": "alternative rock",
    "rap": "hip hop",
    "rock-and-roll": "rock and roll",
    "stomp and holler": "indie folk",
    "synthpop": "synth-pop",
    "trap music": "trap",
    "urban contemporary": "contemporary r&b",
    "vocal harmony group": "doo-wop",
}


def musicbrainz_genre(name: str) -> str | None:
    """The curated genre that a Spotify genre ends in, if any."""
    words = name.casefold().split()
    for start in range(len(words)):
        tail = " ".join(words[start:])
        for spelling in (SPELLINGS.get(tail, tail), tail.replace(" ", "-")):
            if spelling in GENRES:
                return spelling
    return None
