// Package text has the rules for text in tags, visitors, groups and filters: validation (Line,
// Clean, Token), comparison (Fold) and the error for text that is not valid (FieldError).
//
// Every text in a store has passed Line, Clean or Token. It is valid UTF-8 without NUL, control
// characters and directional overrides, and in NFC unless it is a token of another system. Names
// are compared by Fold, which is computed in Go and stored next to the text, so that all stores
// give the same results, independent of the collations of the database.
package text
