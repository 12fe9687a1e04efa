"""Posts that name a song, written for this table, with what the parser must read in them."""

from __future__ import annotations

import pytest

from worker.songs import parse

# post | title | main artist; featured artists
NAMED = r"""
"Pink Moon" by Nick Drake | Pink Moon | Nick Drake
Cannot get over "Pink Moon" by Nick Drake today | Pink Moon | Nick Drake
“Halo” by Beyoncé | Halo | Beyoncé
«Voyage, voyage» by Desireless | Voyage, voyage | Desireless
„Neunundneunzig Luftballons“ by Nena | Neunundneunzig Luftballons | Nena
「Plastic Love」 by Mariya Takeuchi | Plastic Love | Mariya Takeuchi
‘Archangel’ by Burial | Archangel | Burial
"Don't Stop" by Fleetwood Mac | Don't Stop | Fleetwood Mac
'Don't Stop' by Fleetwood Mac | Don't Stop | Fleetwood Mac
‘Don’t Dream It’s Over’ by Crowded House | Don't Dream It's Over | Crowded House
"She said "yes" to me" by The Someones | She said "yes" to me | The Someones
“The “Fish” Song” by Country Joe | The "Fish" Song | Country Joe
"Stay" by @rihanna | Stay | rihanna
"Stay" by @rihanna_official | Stay | rihanna
"Hello" by @AdeleVEVO is everything | Hello | Adele
"Blue Monday" by #NewOrder | Blue Monday | New Order
"No Tears Left To Cry" by @ArianaGrande on repeat | No Tears Left To Cry | Ariana Grande
"motion sickness" by phoebe bridgers | motion sickness | phoebe bridgers
np: "motion sickness" by phoebe bridgers is killing me | motion sickness | phoebe bridgers
"Cruel Summer" by Taylor Swift debuts at #5 | Cruel Summer | Taylor Swift
"Cruel Summer," by Taylor Swift, climbs to No. 3 | Cruel Summer | Taylor Swift
"Espresso" by Sabrina Carpenter hits #1 on the Global 200 | Espresso | Sabrina Carpenter
"Espresso" (Acoustic) by Sabrina Carpenter | Espresso | Sabrina Carpenter
"Jolene" covered by The White Stripes | Jolene | The White Stripes
my cover of "Jolene" by Dolly Parton is up! | Jolene | Dolly Parton
RT @someone: "Hurt" by Johnny Cash still breaks me | Hurt | Johnny Cash
@friend have you heard "Hurt" by Johnny Cash? | Hurt | Johnny Cash
“@friend: "Hurt" by Johnny Cash” so true | Hurt | Johnny Cash
Alguien más llora con "Hurt" by Johnny Cash o solo yo | Hurt | Johnny Cash
Сегодня весь день "Hurt" by Johnny Cash | Hurt | Johnny Cash
"Latch" by Disclosure ft. Sam Smith | Latch | Disclosure; Sam Smith
"Latch (feat. Sam Smith)" by Disclosure | Latch | Disclosure; Sam Smith
"Umbrella (feat. JAY-Z) [Official Video]" by Rihanna | Umbrella | Rihanna; JAY-Z
"Hold You (feat. Ana, Bo & Cy)" by Dee | Hold You | Dee; Ana; Bo; Cy
"See You Again" by Tyler, The Creator feat. Kali Uchis | See You Again | Tyler, The Creator; Kali Uchis
"September" by Earth, Wind &amp; Fire | September | Earth, Wind & Fire
"The Boxer" by Simon & Garfunkel | The Boxer | Simon & Garfunkel
"I &lt;3 U" by Some Band | I <3 U | Some Band
"Panic" by The Smiths. What a band. | Panic | The Smiths
"Hoppípolla" by Sigur Rós http://t.co/abc123 | Hoppípolla | Sigur Rós
"Windowlicker" by Aphex Twin #np #idm | Windowlicker | Aphex Twin
"Windowlicker" by Aphex Twin via @lastfm | Windowlicker | Aphex Twin
"Black Skinhead" by Kanye West because it is Monday | Black Skinhead | Kanye West
"Royals (The Weeknd Remix)" by Lorde | Royals (The Weeknd Remix) | Lorde
"Song for Zula" by Phosphorescent from the album "Muchacho" | Song for Zula | Phosphorescent
"Moment of Surrender" by U2 | Moment of Surrender | U2
"B.Y.O.B." by System of a Down | B.Y.O.B. | System of a Down
"Lapdance" by N.E.R.D. | Lapdance | N.E.R.D.
"Still D.R.E." by Dr. Dre on @Spotify | Still D.R.E. | Dr. Dre
I'm listening to Stand By Me by Ben E. King on Pandora | Stand By Me | Ben E. King
I'm listening to "Chanel" by Frank Ocean on Pandora http://t.co/x #pandora | Chanel | Frank Ocean
I am listening to Chanel by Frank Ocean on #Pandora's Quiet Storm Radio | Chanel | Frank Ocean
I'm listening to "A Very Long Title Of A Song" by Somebody Long on Pan... | A Very Long Title Of A Song | Somebody Long
I’m listening to Sæglópur by Sigur Rós http://t.co/x via @lastfm | Sæglópur | Sigur Rós
I'm listening to  Led Boots – Jeff Beck http://t.co/x via @lastfm #NP | Jeff Beck | Led Boots
what a night | I'm listening to Roads by Portishead via @lastfm | Roads | Portishead
so good~ RT @pal: I’m listening to Roads by Portishead via @lastfm | Roads | Portishead
Listening to Golden Hour by Kacey Musgraves on Apple Music | Golden Hour | Kacey Musgraves
Listening to Crushcrushcrush by Paramore on #Spotify | Crushcrushcrush | Paramore
listening to pink moon by nick drake | pink moon | nick drake
listening to pink moon by nick drake while it rains | pink moon | nick drake
Can't stop listening to Nude by Radiohead | Nude | Radiohead
you should listen to Song to the Siren by This Mortal Coil | Song to the Siren | This Mortal Coil
listenin' to Juice by Lizzo | Juice | Lizzo
Now Playing Harvest Moon By Neil Young | Harvest Moon | Neil Young
#nowplaying Harvest Moon by Neil Young | Harvest Moon | Neil Young
#NowPlaying: Harvest Moon by @NeilYoung #folk | Harvest Moon | Neil Young
now spinning: Harvest Moon by Neil Young | Harvest Moon | Neil Young
#np Day by Day by Point of Grace | Day by Day | Point of Grace
np: Side by Side by Aretha Franklin | Side by Side | Aretha Franklin
np September by Earth, Wind & Fire | September | Earth, Wind & Fire
np Rock 'n' Roll Star by Oasis | Rock 'n' Roll Star | Oasis
np Heart-Shaped Box (Remastered 2011) by Nirvana | Heart-Shaped Box | Nirvana
np Heart-Shaped Box - Remastered by Nirvana | Heart-Shaped Box | Nirvana
np: Hallelujah (Live at Sin-é) by Jeff Buckley | Hallelujah | Jeff Buckley
np: Bad Habits (acoustic) by Ed Sheeran | Bad Habits (acoustic) | Ed Sheeran
np Levitating by @DUALIPA | Levitating | DUALIPA
np: #Beautiful by Mariah Carey | Beautiful | Mariah Carey
np Merry-Go-Round by 2PM | Merry-Go-Round | 2PM
np Van Nuys by Sixx: A.M. on Pandora | Van Nuys | Sixx: A.M.
np Soul Fire by Lee "Scratch" Perry | Soul Fire | Lee "Scratch" Perry
np Delilah by Plain White T's | Delilah | Plain White T's
np: Isolated by Animals as Leaders | Isolated | Animals as Leaders
np: Sell My Soul by Midnight Oil | Sell My Soul | Midnight Oil
np: Closer by Bring Me the Horizon | Closer | Bring Me the Horizon
np: Anthem by Iced Earth | Anthem | Iced Earth
np: 빨간 맛 by Red Velvet | 빨간 맛 | Red Velvet
np: 三日月 by 絢香 | 三日月 | 絢香
on repeat: Let It Happen by Tame Impala | Let It Happen | Tame Impala
vibing to Ribs by Lorde | Ribs | Lorde
obsessed with Ribs by Lorde | Ribs | Lorde
Song of the day: Roads by Portishead | Roads | Portishead
🎶 Ribs by Lorde 🎶 | Ribs | Lorde
🎧 Lorde – Ribs | Ribs | Lorde
♫ Massive Attack – Teardrop ♫ | Teardrop | Massive Attack
#nowplaying Slowdive – Alison | Alison | Slowdive
#nowplaying Slowdive - Alison (Official Video) | Alison | Slowdive
#nowplaying Slowdive — Alison #shoegaze | Alison | Slowdive
np: Kate Bush | Cloudbusting | Cloudbusting | Kate Bush
np: Kate Bush · Cloudbusting | Cloudbusting | Kate Bush
#np Panic! at the Disco - Nine in the Afternoon | Nine in the Afternoon | Panic! at the Disco
#np Bachelorette - @bjork | Bachelorette | bjork
#np Kerala - Bonobo #Bonobo | Kerala | Bonobo
#np Disclosure feat. AlunaGeorge - White Noise | White Noise | Disclosure; AlunaGeorge
#np Disclosure - White Noise ft. AlunaGeorge | White Noise | Disclosure; AlunaGeorge
Bad Bunny x Rosalía - LA NOCHE DE ANOCHE #np | LA NOCHE DE ANOCHE | Bad Bunny x Rosalía
listening to Mazzy Star's Fade Into You on repeat | Fade Into You | Mazzy Star
Robyn's "Dancing On My Own" never gets old | Dancing On My Own | Robyn
Beyoncé’s “Halo” turns fifteen | Halo | Beyoncé
Taylor Swift's "Cruel Summer" debuts at #5 | Cruel Summer | Taylor Swift
The Strokes' "Reptilia" is a perfect thing | Reptilia | The Strokes
@taylorswift13's new single "Fortnight" is out | Fortnight | taylorswift13
Hozier's 'Too Sweet' climbs | Too Sweet | Hozier
Crying at the new Mitski song 'Geyser' again | Geyser | Mitski
Daft Punk - "Around the World" | Around the World | Daft Punk
Lush: "Sweetness and Light" | Sweetness and Light | Lush
"Svefn-g-englar" - Sigur Rós #np | Svefn-g-englar | Sigur Rós
♪ "Svefn-g-englar" – Sigur Rós | Svefn-g-englar | Sigur Rós
#Hot100: #1(=) Flowers, @MileyCyrus [6 weeks]. | Flowers | Miley Cyrus
#Hot100: #4(+3) Running Up That Hill, Kate Bush [8 weeks]. | Running Up That Hill | Kate Bush
Phoebe Bridgers just released her new single “Kyoto” | Kyoto | Phoebe Bridgers
Adele performs "Hello" on tonight's show, what a song | Hello | Adele
You should hear the cover of Wicked Game by London Grammar | Wicked Game | London Grammar
Stand By Me by Ben E. King | Stand By Me | Ben E. King
Day by Day by Point of Grace | Day by Day | Point of Grace
Wonderwall by Oasis on repeat | Wonderwall | Oasis
Fade Into You by Mazzy Star https://youtu.be/abcdefghijk | Fade Into You | Mazzy Star
Beach House - Space Song (Official Video) https://youtu.be/abcdefghijk | Space Song | Beach House
Space Song - @BeachHouse #dreampop #music | Space Song | Beach House
So good: Cocteau Twins "Cherry-Coloured Funk" http://youtu.be/abcdefghijk | Cherry-Coloured Funk | Cocteau Twins
I liked a @YouTube video https://youtu.be/abcdefghijk Bonobo - Kerala (Official Video) | Kerala | Bonobo
I liked a YouTube video -- Kerala by Bonobo | Kerala | Bonobo
songs similar to Teardrop by Massive Attack? | Teardrop | Massive Attack
looking for something like Ribs by Lorde | Ribs | Lorde
ouvindo Águas de Março de Elis Regina | Águas de Março | Elis Regina
escuchando Bamboleo by Gipsy Kings | Bamboleo | Gipsy Kings
écoute "La vie en rose" by Édith Piaf | La vie en rose | Édith Piaf
höre gerade Kebab-Träume by DAF | Kebab-Träume | DAF
слушаю Nude by Radiohead | Nude | Radiohead
#np "Avalanche" again and again | Avalanche |
I am listening to Teardrop on #Pandora's Portishead Radio | Teardrop |
I wrote a new song called "Paper Boats" last night | Paper Boats |
https://www.last.fm/music/Boards+of+Canada/_/Roygbiv | Roygbiv | Boards of Canada
https://khruangbin.bandcamp.com/track/time-you-and-i | time you and i | khruangbin
https://soundcloud.com/some-artist/some-title | some title | some artist
"""


def _rows() -> list[tuple[str, str, tuple[str, ...]]]:
    rows = []
    for line in NAMED.strip().splitlines():
        post, title, artists = (part.strip() for part in f"{line} ".rsplit(" | ", 2))
        names = tuple(name.strip() for name in artists.split(";") if name.strip())
        rows.append((post, title, names))
    return rows


ROWS = _rows()


def test_the_table_is_not_small() -> None:
    assert len({post for post, _, _ in ROWS}) >= 120


@pytest.mark.parametrize(("post", "title", "artists"), ROWS, ids=[post for post, _, _ in ROWS])
def test_reads_title_and_artists(post: str, title: str, artists: tuple[str, ...]) -> None:
    parsed = parse(post)
    assert (parsed.title, parsed.artists) == (title, artists)
    assert parsed.reason is None
    assert 0 < parsed.confidence < 1
