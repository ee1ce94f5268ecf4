// Package id generates and parses the ids of visitors, tags and groups: UUID version 7
// (RFC 9562 §5.7) in the 36-character lower-case form.
//
// An id contains a time to the microsecond: 48 bits of milliseconds, then in the 12 bits of
// rand_a the fraction of the millisecond (method 3 of RFC 9562 §6.2). So the order of ids, as
// text and as bytes, is the order of their times.
package id
