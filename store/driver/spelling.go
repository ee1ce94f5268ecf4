package driver

import (
	"strings"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/address"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Spellings are what a visitor with an address has in its profile or identities, one of them. An
// engine implements Tx.WithAddresses with them.
type Spellings struct {
	Emails      []string // compared as by Tx.ByAddress
	Phones      []string
	Source      visitor.Source // of an identity on any account
	ExternalIDs []string
}

// SpellingsOf returns the spellings of the address of a normalized subject.
func SpellingsOf(s consent.Subject) (as Spellings) {
	switch s.Channel {
	case consent.Email:
		local, domain, _ := strings.Cut(s.Address, "@")
		for _, d := range address.DomainSpellings(domain) {
			as.Emails = append(as.Emails, local+"@"+d)
		}
	case consent.SMS:
		as.Phones = phonesOf(strings.TrimPrefix(s.Address, "+"))
	case consent.WhatsApp:
		as.Source, as.ExternalIDs = visitor.WhatsApp, []string{s.Address}
		if strings.Trim(s.Address, "0123456789") == "" {
			as.Phones = phonesOf(s.Address)
			if other := address.OtherSpelling(s.Address); other != "" {
				as.ExternalIDs = append(as.ExternalIDs, other)
			}
		}
	default:
		as.Source, as.ExternalIDs = visitor.SourceOf(s.Channel), []string{s.Address}
	}
	return as
}

func phonesOf(digits string) []string {
	all := []string{"+" + digits}
	if other := address.OtherSpelling(digits); other != "" {
		all = append(all, "+"+other)
	}
	return all
}
