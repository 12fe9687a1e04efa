"""Posts that name no song, written for this table: the parser must keep silent, with a reason."""

from __future__ import annotations

import pytest

from worker.songs import parse

SILENT = r"""
Tickets by Friday or you miss out
Sold out by noon!
Be home by midnight
See you by 9pm at the venue
We got 10,000 votes by lunch
"See you soon" by Friday I hope
"I love you" by the way
"Art" by definition can be anything
"Free" by accident
They call it "closure" by mistake
"Liked" by 300 people already
"Done" by tomorrow, they said
Called me "cute" by email, the nerve
You get "rich" by saving
new album "Glass Rivers" out now
My album, "Glass Rivers", is finally here
our new EP "Low Tide" is out on Friday
"Low Tide" EP out everywhere
"Low Tide" is our album of the year by miles
The "Renaissance" tour starts tonight
"Renaissance" tour tickets by Beyoncé fans
Can't wait for the "Glass Rivers" tour
the movie "Almost Famous" by Cameron Crowe
The film "Amélie" by Jean-Pierre Jeunet
Read "The Bell Jar" by Sylvia Plath in one sitting
My book club read "Beloved" by Toni Morrison
His novel "Ulysses" by James Joyce waits on my desk
episode "Pilot" by our friends is up
Tonight's "Late Show" was a riot
Today's "big reveal" was a cake
That's "amazing" for you
It's "complicated"
Who's "that girl" now
Let's "circle back" on it
My mom's "special" soup again
NBC's "The Voice" is back
What's "normal" anyway
"Be the change you wish to see." - Gandhi
"We will rise together, my friends." — the President
London - tonight - doors at 8
Monday - Friday 9-5
Leeds - Manchester - Glasgow, see you there
Our tour starts in Leeds - tickets here
Check out my new video - link in bio
Best Pop Album - who will win?
New York - December 5
Happy birthday - love you all
Q&A - ask me anything
Thank you - all of you
Step by step, day by day
Little by little
One by one they left
Side by side with my brother
Stand by me please
Photo by Jane Doe
Photos by @janedoe
Directed by Sofia Coppola
Written by me, sung by nobody
Hair by Anna, makeup by Otto
Design by committee
Cover art by Jane Doe
Video by Jane Doe
Inspired by You
Powered by coffee
Listening to the rain by the window
Listening to Fleetwood Mac all day
listening to music by myself
listening to a podcast by two economists
listening to my neighbours fight
Listen to your heart by all means
listening to her new album by candlelight
Now playing in cinemas near you
now playing: my whole discography
np
#np https://t.co/abcdef
no np tonight
In the studio with the boys
Studio day! New music coming by summer
My new single is coming soon
I wrote a song today
This song makes me cry
Which song should I play tomorrow?
Soundcheck done, doors at 7
Hello Berlin!!! That was unreal
Thank you Glastonbury
@fan thanks so much! x
@a @b @c haha
RT @friend: see you at the show tonight
RT @venue: doors at 7, first band by 8
🔥🔥🔥
🎶🎶🎶
♥
https://t.co/abcdef
https://open.spotify.com/track/3n3Ppam7vgaVa1iaRUc9Lp
https://youtu.be/abcdefghijk
https://open.spotify.com/album/3n3Ppam7vgaVa1iaRUc9Lp
1989 - 2019
Score: Arsenal 2 - Chelsea 1
AC - DC
10% off by using this code
Vote by texting 5 to 4242
Win a signed guitar by following us
Passed by your house today
Designed by Apple in California
Rehearsal went well & we are ready
My cat is called "Bowie"
They said "never" and we did it
"Never give up" is all I have to say
"""

POSTS = SILENT.strip().splitlines()


def test_the_table_is_not_small() -> None:
    assert len(set(POSTS)) >= 80


@pytest.mark.parametrize("post", POSTS)
def test_keeps_silent_and_says_why(post: str) -> None:
    parsed = parse(post)
    assert (parsed.title, parsed.artists, parsed.rule) == (None, (), "none")
    assert parsed.confidence == 0
    assert parsed.reason
    assert parsed.candidates == ()


@pytest.mark.parametrize(
    ("post", "reason"),
    [
        ("", "empty"),
        ("\U0001f525", "empty"),
        ("https://open.spotify.com/track/3n3Ppam7vgaVa1iaRUc9Lp", "a link without a name"),
        ('new album "Glass Rivers" out now', "album or event, not a song"),
        ("RT @friend: good morning", "retweet that names no song"),
        ("listening to Fleetwood Mac", "listening, but no title and artist"),
        ("good morning", "no song named"),
    ],
)
def test_the_reason_fits(post: str, reason: str) -> None:
    assert parse(post).reason == reason
