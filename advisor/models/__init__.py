"""Models: embeddings, reranker, chat. The only place where a provider is imported."""
