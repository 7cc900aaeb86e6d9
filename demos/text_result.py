"""A scored text as it stands on the page: a sentence, its words marked by what they did, a bar for each label."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from demos.label_scores import digits, score_list
from demos.text_scoring import Scored
from demos.wording import say
from grokaem.plain_text import terminal

STEPS = (0.2, 0.4, 0.7)  # of the strongest effect, from which on a word is marked faintly, clearly, strongly
LEAST = 0.02  # of the log-odds: where no word does more, none is marked
NUMBERED = 8  # words whose effect is written out


class Effect(Protocol):
    """What is known of a word: its place in the text, and what it adds to the decision for the label."""

    @property
    def start(self) -> int: ...  # noqa: D102
    @property
    def end(self) -> int: ...  # noqa: D102
    @property
    def effect(self) -> float: ...  # noqa: D102


class WordEffect(NamedTuple):
    """An :class:`Effect`."""

    start: int
    end: int
    effect: float


def show(scored: Scored, words: Sequence, labels: str, *, timed: bool = True) -> str:
    """The result as HTML, in the visitor's language.

    Args:
        scored (Scored): scores of a text.
        words (list of LeftOut): what its words did.
        labels (str): what the visitor typed as label names.
        timed (bool, optional): tell the milliseconds. (Default: True)
    """
    answers = html.escape(json.dumps([scored.text, labels.strip()], ensure_ascii=False))
    parts = [
        f'<p class="headline">{_headline(scored, words)}</p>',
        marked(scored.text, words, scored.label, elem_id="text-words"),
        score_list(scored.scores, "text-scores"),
        f'<p class="fine">{_how(scored, len(words), timed=timed)}</p>',
    ]
    return f'<div class="scored" data-answers="{answers}">{"".join(parts)}</div>'


def marked(
    text: str, words: Sequence[Effect], label: str, *, elem_id: str, by: Literal["occlusion", "weight"] = "occlusion"
) -> str:
    """A text with its words marked, and what the marks mean.

    Args:
        text (str): any text.
        words (list of Effect): in its order, none over another.
        label (str): what they speak for or against.
        elem_id (str): of the text.
        by (str, optional): what the effects are: of leaving a word out, or its weight in a linear model.
            (Default: ``"occlusion"``)
    """
    strongest = max((abs(word.effect) for word in words), default=0.0)
    shown, end = [], 0
    numbered = sorted((abs(word.effect) for word in words), reverse=True)[:NUMBERED]
    least = numbered[-1] if numbered else 0.0
    for word in words:
        step = sum(abs(word.effect) >= part * strongest for part in STEPS) if strongest > LEAST else 0
        if not step:
            continue
        shown.append(html.escape(text[end : word.start]))
        shown.append(_mark(text[word.start : word.end], word.effect, step, numbered=abs(word.effect) >= least))
        end = word.end
    shown.append(html.escape(text[end:]))
    return f'<p class="marked quoted" id="{elem_id}">{"".join(shown)}</p>{_legend(label, by) if end else _no_word()}'


def _mark(word: str, effect: float, step: int, *, numbered: bool) -> str:
    side = "for" if effect > 0 else "against"
    number = f"<sub>{_signed(effect)}</sub>" if numbered else ""
    return f'<mark class="{side} step{step}" title="{_signed(effect)}">{html.escape(word)}{number}</mark>'


def _signed(effect: float) -> str:
    return f"{effect:+.1f}".replace("-", "−")


def _legend(label: str, by: Literal["occlusion", "weight"]) -> str:
    lines = say(
        '<mark class="for step2">Solid line</mark>: the word speaks for {label}. '
        '<mark class="against step2">Dashed line</mark>: against it.',
        label=_quoted(label),
    )
    if by == "occlusion":
        numbers = say("The numbers: how far its log-odds fall when the word is left out.")
    else:
        numbers = say("The numbers: TF-IDF times the weight of the word.")
    return f'<p class="fine">{lines} {numbers}</p>'


def _no_word() -> str:
    return f'<p class="fine">{html.escape(say("No word alone changes the score."))}</p>'


def _headline(scored: Scored, words: Sequence) -> str:
    told = say("{label} with a score of <b>{score}</b>.", label=f"<b>{_quoted(scored.label)}</b>",
               score=digits(scored.scores[scored.label]))  # fmt: skip
    strongest = max(words, key=lambda word: word.effect, default=None)
    if strongest is None or strongest.effect <= LEAST:
        return told
    return told + " " + say(
        "Without {word} it would be <b>{score}</b>.", word=f"<i>{_quoted(strongest.word)}</i>",
        score=digits(strongest.score),
    )  # fmt: skip


def _how(scored: Scored, looked_at: int, *, timed: bool) -> str:
    """How long it took, what computed it, and what the reader must know of it."""
    from grokaem.text.occlusion import words_in

    parts = []
    if timed:
        parts.append(say("{milliseconds} ms on the CPU", milliseconds=f"{scored.milliseconds:.1f}"))
    if scored.model is None:
        parts.append(
            say(
                "likeness to the label names, by sentence embeddings: it ranks the labels and is no calibrated "
                "probability"
            )
        )
    else:
        parts.append(say("by the fine-tuned model {model}", model=_quoted(scored.model)))
    if scored.read:
        parts.append(say("read: {read}", read=_quoted(scored.read)))
    if (words := len(words_in(scored.text))) > looked_at:
        parts.append(say("the first {some} of {all} words were left out in turn", some=looked_at, all=words))
    return " · ".join(parts) + "."


def _quoted(text: str) -> str:
    return f'<span class="quoted">{html.escape(terminal(text))}</span>'
