"""What the tests share: people, real parts, texts and shells."""
