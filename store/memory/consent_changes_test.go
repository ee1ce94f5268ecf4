package memory

import (
	"maps"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
	"github.com/stretchr/testify/require"
)

// orNone returns one of the spellings of one of the addresses, or sometimes "".
func (m *consentModel) orNone(addresses [][]string) string {
	if m.rand.IntN(3) == 0 {
		return ""
	}
	return pick(m.rand, pick(m.rand, addresses))
}

// subject returns the normalized form of an address as somebody could write it.
func (m *consentModel) subject() consent.Subject {
	s := consent.Subject{Channel: consent.Email, Address: pick(m.rand, pick(m.rand, spelledMails))}
	switch m.rand.IntN(4) {
	case 0:
		s = consent.Subject{Channel: consent.SMS, Address: pick(m.rand, pick(m.rand, spelledPhones))}
	case 1:
		s = consent.Subject{Channel: consent.WhatsApp, Sender: pick(m.rand, []string{"", "one", "two"}), Address: pick(m.rand, pick(m.rand, spelledPhones))}
	case 2:
		s = consent.Subject{Channel: consent.Telegram, Sender: pick(m.rand, []string{"", "bot"}), Address: pick(m.rand, []string{"7", "8"})}
	}
	normal, err := s.Normalize()
	require.NoError(m, err)
	return normal
}

func (m *consentModel) identity() visitor.Identity {
	if m.rand.IntN(2) == 0 {
		return visitor.Identity{Source: visitor.Telegram, Account: "bot", ExternalID: pick(m.rand, []string{"7", "8", "9"})}
	}
	return visitor.Identity{Source: visitor.WhatsApp, Account: "one", ExternalID: pick(m.rand, pick(m.rand, spelledPhones))[1:]}
}

func (m *consentModel) visitor() visitor.Visitor {
	v := visitor.Visitor{
		ID: visitor.NewID(m.clock), Name: "Ada", Source: visitor.Telegram, UpdatedAt: m.clock,
		Email: m.orNone(spelledMails), Phone: m.orNone(spelledPhones),
		Consents: []consent.Status{{Entry: consent.Entry{State: consent.Granted}}}, // ignored
	}
	v.CreatedAt, _ = v.ID.Time()
	if m.rand.IntN(2) == 0 {
		v.Identities = []visitor.Identity{m.identity()}
	}
	return v
}

// change returns a change at random. now are the visitors before it.
func (m *consentModel) change(now map[visitor.ID]visitor.Visitor) driver.Change {
	ids := slices.Sorted(maps.Keys(now))
	if len(ids) == 0 || m.rand.IntN(10) == 0 {
		ids = append(m.ids, visitor.NewID(m.clock))
	}
	id := pick(m.rand, ids)
	switch m.rand.IntN(22) {
	case 0, 1, 2:
		return driver.CreateVisitor{Audit: m.audit(), Visitor: m.visitor()}
	case 3, 4:
		email := m.orNone(spelledMails)
		return driver.UpdateVisitor{Audit: m.audit(), ID: id, Patch: visitor.Patch{Email: &email}}
	case 5:
		phone := m.orNone(spelledPhones)
		return driver.UpdateVisitor{Audit: m.audit(), ID: id, Patch: visitor.Patch{Phone: &phone}}
	case 6:
		return driver.LinkIdentity{Audit: m.audit(), ID: id, Identity: m.identity()}
	case 7:
		return driver.UnlinkIdentity{Audit: m.audit(), ID: id, Identity: m.identity()}
	case 8, 9:
		i := m.identity()
		return driver.CaptureContact{Audit: m.audit(), ID: visitor.NewID(m.clock), Policy: visitor.Policy{ByEmail: visitor.MatchAny}, Contact: visitor.Contact{
			Source: i.Source, Account: i.Account, ExternalID: i.ExternalID, OccurredAt: m.clock, Email: m.orNone(spelledMails),
		}}
	case 10:
		return driver.MergeVisitors{Audit: m.audit(), From: id, Into: pick(m.rand, ids)}
	case 11:
		if len(m.merges) > 0 {
			id = pick(m.rand, slices.Sorted(maps.Keys(m.merges)))
		}
		return driver.UnmergeVisitor{Audit: m.audit(), From: id}
	case 12:
		return driver.DeleteVisitor{Audit: m.audit(), ID: id}
	case 13:
		if m.rand.IntN(3) > 0 {
			return driver.DeleteVisitor{Audit: m.audit(), ID: id}
		}
		return driver.EraseVisitor{Audit: m.audit(), ID: id}
	case 14, 15, 16:
		return driver.ReportHealth{Audit: m.audit(), Report: m.report(), FromChannel: true}
	}
	return driver.RecordConsent{Audit: m.audit(), Entry: m.entry(), FromChannel: true}
}

// before returns one of the last 72 hours.
func (m *consentModel) before() time.Time {
	return m.clock.Add(-time.Duration(m.rand.IntN(72)) * time.Hour)
}

func (m *consentModel) report() consent.HealthReport {
	return consent.HealthReport{
		Subject: m.subject(), At: m.before(), Origin: pick(m.rand, []consent.Origin{consent.Person, consent.Platform, consent.Operator}), Actor: "bob",
		State: pick(m.rand, []consent.HealthState{
			consent.Healthy, consent.SoftBounce, consent.HardBounce, consent.Complaint, consent.Blocked, consent.Invalid,
		}),
	}
}

func (m *consentModel) entry() consent.Entry {
	e := consent.Entry{
		Subject: m.subject(), Topic: pick(m.rand, []string{"", "news"}), At: m.before(), Actor: "bob", Cause: "told us",
		State:    pick(m.rand, []consent.State{consent.Granted, consent.Denied, consent.Lifted}),
		Origin:   pick(m.rand, []consent.Origin{consent.Person, consent.Platform, consent.Operator, consent.Import}),
		Evidence: consent.Evidence{Kind: pick(m.rand, []consent.EvidenceKind{consent.ByForm, consent.ByKeyword}), Ref: "7"},
	}
	if e.State == consent.Granted && m.rand.IntN(3) == 0 {
		e.Expires = e.At.Add(time.Duration(1+m.rand.IntN(200)) * time.Hour)
	}
	return e
}
