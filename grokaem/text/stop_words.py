"""Words that carry no subject, English and Russian."""

from __future__ import annotations

LANGUAGES = ("en", "ru")

# What is left of English contractions when the apostrophe and what follows it are cut.
CONTRACTED = frozenset(
    "ain aren couldn didn doesn don hadn hasn haven isn ll mustn shouldn ve wasn weren won wouldn".split()
)

# Closed classes of Russian (pronouns, prepositions, conjunctions, particles, forms of "to be") and the few
# verbs and adverbs as frequent as they are.
RUSSIAN = frozenset(
    """
    а без безо благодаря более больше будем будет будете будешь буду будут будто бы был была были было быть в вам
    вами вас ваш ваша ваше вашего вашей вашем вашему вашими ваши ваших вдоль вдруг ведь весь вместо вне во вокруг
    вон вообще вот впрочем все всегда всего всей всем всеми всему всех всею всё вся вы где да даже для до другая
    другие других другого другое другой другом его ее ей ему если есть еще ещё её же за зато зачем здесь и из
    из-за изо или им именно ими иногда их к каждая каждого каждое каждой каждый кажется как какая какие каким каких
    какого какое какой каком ко когда кого ком кому конечно которая которого которое которой котором которому
    которые который которым которыми которых которую кроме кто куда ли либо лишь лучше между меня мне много мной
    мною мог могла могли могло могу могут может можно мои моего моей моем моему моим моими моих мой моя моё мы на
    над надо наш наша наше нашего нашей нашем нашему наши нашим нашими наших не него нее ней некоторые некоторых
    нельзя нему несколько нет нею неё ни нибудь никогда никто ним ними них ничего ничто но ну о об обо обычно один
    одна однако одни одним одних одно одного одной одном одному около он она они оно опять от ото очень перед по
    под подо пока после потом потому почему почти поэтому при про против пусть раз разве ради с сам сама сами самим
    самих само самого самой самом самому самые самый самым сверх свое своего своей своем своему свои своим своими
    своих свой свою своя своё себе себя сегодня сейчас сквозь со собой собою совсем так такая также такие таким
    таких такого такое такой таком там твои твоего твоей твой твоя твоё те тебе тебя тем теми теперь тех то тобой
    тобою тогда того тоже той только том тому тот тою тут ты у уж уже хорошо хоть хотя чего чей чем чему через что
    чтоб чтобы чуть чьё эта эти этим этими этих это этого этой этом этому этот эту я
    """.split()
)


def stop_words(languages: tuple[str, ...] = LANGUAGES) -> frozenset[str]:
    """The stop words of several languages together.

    English and Russian share no letters, so both lists apply at once to a corpus of either or of both.

    Args:
        languages (tuple of str, optional): of ``en`` and ``ru``; empty for no stop words. (Default: both)

    Raises:
        ValueError: a language without a list.
    """
    if not languages:
        return frozenset()
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    lists = {"en": ENGLISH_STOP_WORDS | CONTRACTED, "ru": RUSSIAN}
    unknown = [language for language in languages if language not in lists]
    if unknown:
        raise ValueError(f"no stop words for language {unknown[0]!r}: choose from {', '.join(lists)}.")
    return frozenset().union(*(lists[language] for language in languages))
