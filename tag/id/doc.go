// Package id mints and reads the identifiers of visitors, tags and groups:
// UUID version 7 (RFC 9562 §5.7) in the 36-character lower-case form.
//
// An id carries its time to the microsecond: 48 bits of milliseconds, then, in
// the 12 bits of rand_a, the fraction of the millisecond (method 3 of RFC 9562
// §6.2). The order of ids, as text or as bytes, is therefore the order of the
// times they were minted for.
package id
