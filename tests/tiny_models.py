"""Real models for tests: tiny, of random weights that are the same every time, and made where they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from conftest import SMALL_CORPUS
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import WordLevelTrainer
from transformers import BertConfig, BertForSequenceClassification, PreTrainedModel, PreTrainedTokenizerFast

SPECIAL = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}


def make_cross_encoder(
    folder: Path,
    *,
    labels: int = 1,
    names: Sequence[str] = (),
    kind: type[PreTrainedModel] = BertForSequenceClassification,
    seed: int = 7,
) -> str:
    """Save a BERT of two small layers that knows the words of the small corpus; random, the same every time."""
    words = Tokenizer(WordLevel(unk_token="[UNK]"))
    words.pre_tokenizer = BertPreTokenizer()
    words.train_from_iterator(SMALL_CORPUS.values(), WordLevelTrainer(special_tokens=list(SPECIAL.values())))
    marks = [(mark, words.token_to_id(mark)) for mark in ("[CLS]", "[SEP]")]
    words.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=marks
    )
    PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=256, **SPECIAL).save_pretrained(folder)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=words.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=256,
        num_labels=len(names) or labels,
        initializer_range=0.5,  # at the usual 0.02, all texts have nearly the same score
    )
    if names:
        config.id2label = dict(enumerate(names))
        config.label2id = {name: number for number, name in enumerate(names)}
    kind(config).save_pretrained(folder)
    return str(folder)
