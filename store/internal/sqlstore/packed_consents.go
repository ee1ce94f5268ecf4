package sqlstore

import (
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// packConsents packs the number of consents, and of each the entry, the time since when it stands
// and the denial under it, and the number of reports on health, and of each the report, the time
// since when it stands and the number of soft bounces.
func packConsents(v *visitor.Visitor) []byte {
	if len(v.Consents)+len(v.Health) == 0 {
		return []byte{}
	}
	p := packer{to: []byte{packedVersion}, at: idTime(v.ID)}
	p.number(uint64(len(v.Consents)))
	for _, s := range v.Consents {
		p.entry(s.Entry)
		p.time(s.Since)
		if s.Lapse.State == "" {
			p.number(0)
		} else {
			p.number(1)
			p.entry(s.Lapse)
		}
	}
	p.number(uint64(len(v.Health)))
	for _, h := range v.Health {
		r := h.Report
		p.subject(r.Subject)
		p.text(string(r.State))
		p.text(string(r.Origin))
		p.time(r.At)
		p.text(r.Code)
		p.time(h.Since)
		p.number(uint64(h.SoftBounces))
	}
	return p.to
}

func (p *packer) subject(s consent.Subject) {
	p.text(string(s.Channel))
	p.text(s.Sender)
	p.text(s.Address)
}

// entry packs an entry as a visitor has it: without actor and cause, of the evidence the kind.
func (p *packer) entry(e consent.Entry) {
	p.subject(e.Subject)
	for _, s := range []string{e.Topic, string(e.State), string(e.Origin), string(e.Basis), string(e.Evidence.Kind)} {
		p.text(s)
	}
	p.time(e.At)
	p.time(e.Expires)
}

func unpackConsents(column []byte, v *visitor.Visitor) error {
	if len(column) == 0 {
		return nil
	}
	u := unpacking(column, v.ID, nil)
	for range u.count() {
		s := consent.Status{Entry: u.entry(), Since: u.time()}
		if u.number() != 0 {
			s.Lapse = u.entry()
		}
		v.Consents = append(v.Consents, s)
	}
	for range u.count() {
		h := consent.Health{Report: consent.HealthReport{
			Subject: u.subject(), State: consent.HealthState(u.text()), Origin: consent.Origin(u.text()),
			At: u.time(), Code: u.text(),
		}}
		h.Since, h.SoftBounces = u.time(), int(u.number())
		v.Health = append(v.Health, h)
	}
	return u.end("consents")
}

func (u *unpacker) subject() consent.Subject {
	return consent.Subject{Channel: consent.Channel(u.text()), Sender: u.text(), Address: u.text()}
}

func (u *unpacker) entry() consent.Entry {
	return consent.Entry{
		Subject: u.subject(), Topic: u.text(), State: consent.State(u.text()), Origin: consent.Origin(u.text()),
		Basis: consent.Basis(u.text()), Evidence: consent.Evidence{Kind: consent.EvidenceKind(u.text())},
		At: u.time(), Expires: u.time(),
	}
}
