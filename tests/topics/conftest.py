import random

import pytest

SUBJECTS = {
    "space": "rocket orbit nasa moon launch satellite astronaut shuttle mission planet",
    "food": "soup bread butter recipe kitchen oven salt cheese pepper flour",
    "sport": "team goal season player coach league match score champion stadium",
}


@pytest.fixture(scope="session")
def corpus():
    """90 documents on three subjects, and the subject of each."""
    chance = random.Random(0)
    documents, labels = [], []
    for number in range(90):
        subject = list(SUBJECTS)[number % 3]
        words = chance.choices(SUBJECTS[subject].split(), k=12)
        documents.append("the " + " ".join(words) + " and so on")
        labels.append(subject)
    return documents, labels
