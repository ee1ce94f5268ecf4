package filter

import (
	"cmp"
	"time"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// sawPermissions returns what the operands of c test in the visitor.
func (x *explainer) sawPermissions(c Condition) (texts []string) {
	f := bound.FieldNamed(c.Field)
	for _, v := range c.Values {
		r := v.Permission
		if f.Kind == CanKind {
			facts := x.v.Facts(x.binder.Topics[r.Topic], x.binder.KeyMissing)
			texts = append(texts, decided(r.Channel, facts, r.Topic, x.binder.Now))
			continue
		}
		texts = append(texts, sawPermission(permissionTest(f, r, consent.Topic{}, x.binder.Now.UnixMicro()), x.v)...)
	}
	return sorted(texts)
}

// sawPermission returns what p tests in v: for can the reason of the decision, else all states on
// the channel.
func sawPermission(p *bound.Permission, v *visitor.Visitor) (texts []string) {
	at := time.UnixMicro(p.At)
	switch p.Field.Kind {
	case CanKind:
		return []string{decided(p.Channel, v.Facts(p.Topic, false), p.Topic.Key, at)}
	case ConsentKind:
		for _, s := range v.Consents {
			if s.Entry.Subject.Channel == p.Channel {
				state := cmp.Or(string(s.State(at)), string(consent.ReasonExpired))
				texts = append(texts, PermissionRef{p.Channel, s.Entry.Topic, state}.String())
			}
		}
	case HealthKind:
		for _, h := range v.Health {
			if h.Report.Subject.Channel == p.Channel {
				texts = append(texts, PermissionRef{p.Channel, "", string(h.Report.State)}.String())
			}
		}
	}
	return sorted(texts)
}

// decided returns the reason of a decision, such as "email/newsletter=denied_topic".
func decided(channel consent.Channel, facts consent.Facts, topic string, at time.Time) string {
	request := consent.Request{Channel: channel, Topic: topic, Purpose: consent.Marketing}
	return PermissionRef{channel, topic, string(consent.Decide(request, facts, at).Reason)}.String()
}
