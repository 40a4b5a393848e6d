"""The compact language of the bundled SQL model: short prompts in, join-free queries out.

A small model writes better SQL when it need not spell what code can derive. Identifiers are plain lowercase words, so
that questions and names share tokens; literals found in the question are placeholders; joins along foreign keys are
left to ``joins``. ``names`` and ``question`` write the prompt, ``encode`` turns SQL into the language (for training),
``decode`` turns it back, and ``grammar`` holds the model to the live schema.
"""
