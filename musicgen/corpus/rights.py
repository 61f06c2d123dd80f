"""Lead sheets of OpenEWLD that are left out, although the collection calls all of itself public domain.

A song is kept only if it was published before 1931, and so is in the public domain in the United States since
2026 at the latest, as far as we know. Dates are those of first publication as commonly given in song reference
books, recalled and not looked up; where in doubt a song is on the list.
"""

from __future__ import annotations

_AUTHORS = (
    "Al Dubin-Harry Warren", "Billy Hill", "Billy Hill-Peter De Rose", "Dorothy Fields-Jerome Kern",
    "Dorothy Fields-Jerome Kern-Jimmy McHugh", "DuBose Heyward-George Gershwin-Ira Gershwin",
    "Eric Stewart-Graham Gouldman-Kevin Godley", "Frank Churchill-Larry Morey", "Frank Loesser-Victor Schertzinger",
    "Frank Loesser-George Terry-Victor Schertzinger", "Hugh Williams-Jimmy Kennedy", "Jerome Kern-Johnny Mercer",
    "Jimmy Monaco-Johnny Burke", "Jimmy Monaco-Mack Gordon", "Johnny Mercer-Richard A. Whiting",
    "Johnny Mercer-Victor Schertzinger", "Leo Robin-Ralph Rainger", "Andrew Lloyd Webber-[Traditional]",
    "Vladimir Vavilov-[Traditional]", "Campino-Hanns Christian Müller-Wölli-[Traditional]",
)  # fmt: skip
"""Authors none of whose songs here are from before 1931."""

_TITLES = (
    "(There'll Be Bluebirds Over) The White Cliffs of Dover", "A Foggy Day", "A Hopeless Love Affair",
    "A Hundred Years from Today", "All the Things You Are", "Anniversary Waltz", "Bernie's Tune",
    "Bewitched, Bothered and Bewildered", "Blue Moon", "Blueberry Hill", "By Strauss", "Carioca", "Did I Remember",
    "Don't Dilly Dally on the Way", "Dream a Little Dream of Me", "Easy Street", "Falling in Love with Love",
    "Glad to Be Unhappy", "Guilty", "Have You Met Miss Jones?", "Hobo's Meditation", "Hold Me",
    "I Believe I'll Dust My Broom", "I Can Dream, Can't I?", "I Could Write a Book", "I Didn't Know What Time It Was",
    "I Don't Know Why (I Just Do)", "I Married an Angel", "I Miss You So", "I Was Doing All Right",
    "I Wish I Were in Love Again", "I Wished on the Moon", "I Won't Dance", "I'll Be Seeing You",
    "I'm Gonna Sit Right Down and Write Myself a Letter", "I'm Through with Love", "I've Got Five Dollars",
    "I've Told Ev'ry Little Star", "In Love in Vain", "In a Shanty in Old Shanty Town", "Isn't It Romantic?",
    "Isn't It a Pity?", "It Never Entered My Mind", "It's Easy to Remember (And So Hard to Forget)",
    "Knees Up Mother Brown!", "Little Sir Echo", "Long Ago and Far Away", "Love Walked In", "Lullaby of the Leaves",
    "Maria Elena", "Mimi", "Minnie the Moocher", "Moonlight Serenade", "Moten Swing", "My Funny Valentine",
    "My Little Grass Shack in Kealakekua, Hawaii", "My Romance", "Nevertheless (I'm in Love with You)",
    "Nice Work if You Can Get It", "Nobody Else but Me", "Paper Doll", "Por una cabeza", "Prisoner of Love",
    "Snuggled on Your Shoulder (Cuddled in Your Arms)", "South American Way", "Spring Is Here", "Sweet and Lovely",
    "Tell Me Why", "Thanks a Million", "The Army, the Navy and the Air Force", "The Folks Who Live on the Hill",
    "The Hour of Parting", "The Jitterbug Waltz", "The Lady Is a Tramp", "The Last Time I Saw Paris",
    "The Man with the Horn", "The Most Beautiful Girl in the World", "The Night Is Young and You're So Beautiful",
    "The Song Is You", "There's a Small Hotel", "They All Laughed", "They Can't Take That Away from Me",
    "This Can't Be Love", "Wait Till You See Her", "When I Take My Sugar to Tea", "Where or When",
    "Where the Blue of the Night Meets the Gold of the Day", "Whispering Grass (Don't Tell the Trees)", "Who Cares",
    "Wild Mountain Thyme", "Winter Wonderland", "Yellow Rose of Texas", "Yesterdays", "You Are Too Beautiful",
    "You Call It Madness (But I Call It Love)", "You Stepped out of a Dream", "You Turned the Tables on Me",
    "You're My Everything", "Yours Is My Heart Alone", "Zing! Went the Strings of My Heart",
)  # fmt: skip


def may_be_protected(song: str) -> bool:
    """Whether a song id of OpenEWLD, ".../AUTHORS/TITLE/FILE", is on the lists above."""
    parts = song.replace("_", " ").split("/")
    return len(parts) >= 3 and (parts[-3] in _AUTHORS or parts[-2] in _TITLES)


__all__ = ["may_be_protected"]
