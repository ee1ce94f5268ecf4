package consent_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/consent"
)

// busy returns the facts about a person with four routes and twenty statuses.
func busy() (consent.Request, consent.Facts) {
	f := consent.Facts{Topic: consent.Topic{Key: "topic-9", Default: consent.OptOut}}
	var entries []consent.Entry
	for i := range 4 {
		s := consent.Subject{Channel: consent.WhatsApp, Sender: fmt.Sprint("number-", i), Address: "12025550123"}
		f.Routes = append(f.Routes, consent.Route{Subject: s})
		for n := range 5 {
			entries = append(entries, consent.Entry{
				Subject: s, Topic: fmt.Sprint("topic-", n), State: consent.Granted, Origin: consent.Person, At: day(1 + n),
			})
		}
	}
	f.Statuses = consent.Fold(entries)
	return consent.Request{Channel: consent.WhatsApp, Topic: "topic-9", Purpose: consent.Marketing}, f
}

func TestDecideAllocatesNothing(t *testing.T) {
	r, f := busy()
	at := day(9)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if !consent.Decide(r, f, at).Allowed {
			t.Fatal("not allowed")
		}
	}))
}

func BenchmarkDecide(b *testing.B) {
	r, f := busy()
	at := day(9)
	b.ReportAllocs()
	for b.Loop() {
		consent.Decide(r, f, at)
	}
}

func BenchmarkFold(b *testing.B) {
	entries := make([]consent.Entry, 20)
	for i := range entries {
		entries[i] = said(1+i, consent.Person, consent.Granted)
	}
	b.ReportAllocs()
	for b.Loop() {
		consent.Fold(entries)
	}
}

func BenchmarkNormalizeAndHash(b *testing.B) {
	for _, s := range []consent.Subject{
		{Channel: consent.Email, Address: "Ada@Example.com"}, {Channel: consent.WhatsApp, Address: "12025550123"},
	} {
		b.Run(string(s.Channel), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				normal, err := s.Normalize()
				if err != nil {
					b.Fatal(err)
				}
				normal.Hash(key)
			}
		})
	}
}
