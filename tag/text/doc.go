// Package text holds the rules of text that tags, visitors, groups and
// filters share: what is accepted (Line, Clean, Token), what is equal (Fold), and how
// a refusal is told (FieldError).
//
// Every piece of text that reaches a store has passed Line, Clean or Token: it is
// valid UTF-8, free of NUL, control characters and directional overrides, and in
// NFC unless it is another system's token. Every comparison that people would call
// "the same name" is made on Fold of both sides, computed here in Go and stored
// beside the text, so that all stores give the same answer whatever their own idea
// of case and accents.
package text
