"""How people come in: e-mail and password, or a case number and a secret; passkeys, codes, sessions, limits."""
