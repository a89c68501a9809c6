"""Says whether a post is spam, and why: plain signs, and a small classifier of what bulk advertising sounds like."""

import re

from nlu.cleaning import fold
from nlu.post_text import PostText

SPAM = "spam"
FINE = "fine"
NEEDED = (0.7, 0.2, 0.05)
"""How likely the classifier has to find spam: with no plain sign of it, with one, with more."""
LIKELY = 0.5
"""Chance from which the classifier is named among the reasons."""
MOST_LINKS, MOST_TAGS, MOST_MENTIONS = 3, 7, 6
_MONEY = re.compile(
    r"\b(?:earn|make|made|get|win|won|claim)\b.{0,25}?(?:[$£€]\s?\d|\d+\s?(?:usd|dollars|bucks|eth|btc|bitcoin))"
    r"|\b(?:passive income|guaranteed (?:profit|win|return)|free (?:spins|robux|gift cards?|iphone|money)"
    r"|no credit check|double your|airdrop|x coin|crypto signals|forex)\b"
    r"|日(?:入|赚|结)[\d一二三四五六七八九十两几百千万]+|月入[过\d一二三四五六七八九十几]*万?|稳赚|躺赚|躺着赚|返利"
    r"|刷单|套现|秒到账|秒批|提现|翻倍"
)
_CONTACT = re.compile(
    r"\b(?:whats?app|telegram|wechat|inbox|dm|message|text|contact)\b.{0,20}?(?:me|us|now|@\w+|\+?\d[\d ()-]{6,})"
    r"|link in (?:my )?bio|check my (?:profile|page)"
    r"|加(?:我)?(?:微信|薇|[vV微qQ]\b|微(?:看|信|$)|[qQ]{1,2})|[vV]信|微信同号|私(?:聊|信|我)|进群|扫码|点(?:我)?(?:头像|主页)"
)
_BOUGHT = re.compile(
    r"\bfollow ?(?:4|for|back|train|me and)|\bf4f\b|\bl4l\b|\blike ?(?:4|for) ?like|\bsub ?(?:4|for) ?sub"
    r"|\breal followers\b|互[粉关赞]|涨粉|有粉必回|必回关|刷(?:量|赞|粉)"
)
_SHORT_LINK = re.compile(r"\b(?:bit\.ly|tinyurl\.com|dwz\.cn|is\.gd|cutt\.ly|rb\.gy|shorturl\.at)/", re.I)


def signs(post: PostText) -> tuple[str, ...]:
    """The signs of spam in a post, by name."""
    plain = fold(post.whole[:1_000])
    found = {
        "many_links": post.links >= MOST_LINKS,
        "many_tags": post.tags >= MOST_TAGS,
        "many_mentions": post.mentions >= MOST_MENTIONS,
        "short_link": bool(_SHORT_LINK.search(plain)),
        "promises_money": bool(_MONEY.search(plain)),
        "asks_for_contact": bool(_CONTACT.search(plain)),
        "sells_reach": bool(_BOUGHT.search(plain)),
    }
    return tuple(name for name, there in found.items() if there)


def reasons(post: PostText, chance: float) -> tuple[str, ...]:
    """Why a post is spam; empty where it is none.

    Args:
        chance: how likely the classifier takes it for spam, from 0 to 1.
    """
    found = signs(post)
    if chance < NEEDED[min(len(found), len(NEEDED) - 1)]:
        return ()
    return (*found, "sounds_like_spam") if chance >= LIKELY else found
