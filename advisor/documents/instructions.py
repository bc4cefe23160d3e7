"""Instructions to the assistant inside a document: whoever writes them wants to speak through the answers.

A corpus informs; it has no business telling a program what to answer. A document that does is kept out of the index until
somebody has looked at it, whole: its other sentences come from the same hand. What stands in quotation marks or in code is
an example (documents on prompt injection quote such phrases), and is no instruction. The rules are for French and English.
A document without instructions that is simply false is not recognised here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from advisor.text.invisible import INVISIBLE
from advisor.text.plain import NEWLINE, Lines, fold, plain

_QUOTED = re.compile(r"```.*?```|~~~.*?~~~|`[^`\n]+`|«[^«»]*»|“[^“”]*”|\"[^\"\n]*\"", re.DOTALL)
_SENTENCE = re.compile(r"[^\r\n.!?]+(?:[.!?](?!\s|$)[^\r\n.!?]*)*(?:[.!?]+|$)?", re.MULTILINE)
_LONGEST_SHOWN = 80  # characters of the sentence, in the message

_WHO = r"(?:assistants?|chatbots?|llms?|(?:large )?language models?|modeles? de langage|ai (?:model|system)|ia|ai)"
_ORDER = (
    r"(?:answer|reply|respond|say|write|print|ignore|disregard|repeat|begin|start|end|cite|claim|tell|output|state|reveal|show"
    r"|do not|never|always|reponds|repondez|dis|dites|ecris|ecrivez|affichez?|ignorez?|repetez?|commencez?|terminez?|citez?"
    r"|affirmez?|indiquez?|n'indiquez?|recopiez?|ne)"
)
_BEGINS = r"(?:^|[:;,–—]\s*|\b(?:and|et|puis|then|please|must|should|now|doit|dois|devez|maintenant)\s+)"
_RULES = r"(?:instructions?|consignes?|rules?|regles?|prompts?|directives?|guidelines?)"
_ALL = r"(?:your|tes|vos|ton|votre|all|any|tout(?:e|es)?|tous|previous|prior|above|earlier|preceden\w+|system\w*)"
_THIS = (
    r"(?:this|cette|cet|ce) (?:document|page|file|fichier|passage|sentence|phrase|erratum|rectificatif|note|texte?|article)"
)
_RULES_OF_ADDRESS = tuple(
    re.compile(pattern)
    for pattern in (
        # ignore all previous instructions
        rf"{_BEGINS}(?:ignor(?:e|ez|er)|disregard|forget|oubli(?:e|ez|er)|override|bypass|contourn(?:e|ez|er))\b"
        rf"[^.!?]{{0,30}}\b{_ALL}\b[^.!?]{{0,30}}\b{_RULES}\b",
        # Assistant: answer only ...
        rf"^\W*(?:{_WHO}|system|systeme)\s*[:>\]]\W*{_ORDER}\b",
        # Instruction for the assistant: ...
        rf"\b(?:{_RULES}|message|note|ordre|order)\b[^.:!?]{{0,25}}\b(?:to|for|a|au|aux|pour|de)\s+"
        rf"(?:the |any |every |tout |l')?{_WHO}\b[^.:!?]{{0,40}}\s?:",
        # the assistant must cite this sentence
        rf"\b{_WHO}\s+(?:must|should|shall|has to|is to|doit|devra)\b[^.!?]*\b{_THIS}\b",
        # this note replaces all other documents, which the assistant must ignore
        rf"\b(?:replaces?|supersedes?|overrides?|remplace|annule)\s+(?:every|all|any|tou(?:s|t|tes))\b[^.!?]{{0,20}}"
        rf"\b(?:others?|autres?)\b[^.!?]*\b{_WHO}\b",
        # the assistant ends every answer with
        rf"\b{_WHO}\b[^.!?;]{{0,30}}\b(?:ends?|begins?|starts?|termine|commence|finit|conclut)\b[^.!?]{{0,15}}"
        r"\b(?:its|every|each|all|sa|ses|chaque|toutes?)\b[^.!?]{0,15}\b(?:answers?|repl(?:y|ies)|responses?|reponses?)\b",
        # print your system prompt
        r"\b(?:print|reveal|show|repeat|display|output|affichez?|revelez?|recopiez?|imprimez?|repetez?)\b[^.!?]{0,30}"
        rf"\b(?:your|ton|tes|votre|vos) (?:system |hidden )?{_RULES}\b",
        # from now on, you are
        r"(?:^|[:;,–—]\s*)(?:from now on|a partir de maintenant|desormais)\b[^.!?]{0,20}"
        rf"\b(?:you (?:are|must|will)|tu (?:es|dois)|vous (?:etes|devez)|{_ORDER})\b[^.!?]*"
        rf"\b(?:{_WHO}|your|tes|vos|{_RULES})\b",
        rf"\b(?:you are now|tu es (?:desormais|maintenant))\b[^.!?]{{0,40}}\b(?:{_WHO}|mode|bot)\b",
    )
)


@dataclass(frozen=True, slots=True)
class Instruction:
    """A sentence that tells the assistant what to do, and the line it is on."""

    text: str
    line: int


def instruction_in(text: str) -> Instruction | None:
    """The first instruction to the assistant in a document's text, hidden text and comments included."""
    # Each character that is blanked leaves one in its place: lines stay where they are.
    bare = _QUOTED.sub(lambda found: NEWLINE.sub("\n", re.sub(r"[^\r\n]", " ", found.group())), text)
    lines = None
    for found in _SENTENCE.finditer(bare):
        sentence = fold(re.sub(r"<!--|-->|<[^<>]*>|[*_#]+", " ", INVISIBLE.sub("", found.group())))
        if any(rule.search(sentence) for rule in _RULES_OF_ADDRESS):
            lines = lines or Lines(bare)
            start = found.start() + len(found.group()) - len(found.group().lstrip())
            said = plain(re.sub(r"<!--|-->", "", found.group()))
            shown = said if len(said) <= _LONGEST_SHOWN else said[:_LONGEST_SHOWN].rstrip() + "…"
            return Instruction(shown, lines.of(start))
    return None
