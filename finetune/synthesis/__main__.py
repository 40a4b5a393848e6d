"""``python -m finetune.synthesis``."""

from finetune.synthesis.command import main

if __name__ == "__main__":
    main()
