package intake

import (
	"cmp"
	"iter"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// LeadPrefix starts the ExternalID of a lead of Lead Ads; the lead's id follows. A person can have
// many.
const LeadPrefix = "lead:"

// LeadStatus is the attribute that says whether the fields of a lead have arrived.
const LeadStatus = "lead_status"

// The values of LeadStatus.
const (
	LeadPending  = "pending"  // not yet
	LeadComplete = "complete" // they have
	LeadFailed   = "failed"   // package webhook gave up requesting them
)

// The attributes with the ids of a lead's form and ad.
const (
	leadForm = "lead_form"
	leadAd   = "lead_ad"
)

// lead converts the notification of a lead, which has no fields of the form.
func lead(s eventFields, v object) Event {
	id := v.id("leadgen_id")
	if id == "" {
		return s.malformed(text.Refuse("leadgen_id", "missing"))
	}
	s.id = LeadPrefix + string(id)
	e := s.person(Inbound, s.account, scalar(s.id))
	if e.Kind != Inbound {
		return e
	}
	e.Contact.Unverified = true
	e.Contact.Attributes = leadAttributes(LeadPending, v)
	return e
}

// leadAttributes returns the status of a lead, and the ids of its form and its ad.
func leadAttributes(status string, v object) visitor.Attributes {
	a := visitor.Attributes{LeadStatus: visitor.Text(status)}
	for key, name := range map[string]string{"form_id": leadForm, "ad_id": leadAd} {
		if id := v.id(key); id != "" && id != "0" {
			a[name] = visitor.Text(string(id))
		}
	}
	return a
}

// Lead parses the Graph API's response to a request for a lead of the page, with the fields id,
// created_time, field_data, form_id and ad_id:
// https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving.
//
// It completes the visitor that the leadgen webhook created with a placeholder name: the event is
// a Profile with the same ExternalID, "lead:" and the lead's id. Name, e-mail and phone are found by
// the usual labels, as in a Form. The person has typed them, so Contact.Unverified is set. Other
// answers become attributes, named as the question in lower case with underscores; the attribute
// lead_status, which was "pending", becomes "complete". The error matches ErrInvalid.
func (m Messenger) Lead(page string, body []byte) (Event, error) {
	refuse := func(err error) (Event, error) { return Event{}, fail("read", visitor.Messenger, err) }
	body, err := checkObject(body)
	if err != nil {
		return refuse(err)
	}
	lead := parseObject(body)
	id := lead.id("id")
	switch {
	case id == "":
		return refuse(text.Refuse("id", "missing"))
	case !lead.has("field_data"):
		return refuse(text.Refuse("field_data", "missing"))
	}
	s := eventFields{source: visitor.Messenger, account: page, via: "leadgen", payload: body}
	s.id, s.at = LeadPrefix+string(id)+":fields", graphTime(lead.id("created_time"))
	e := s.person(Profile, page, LeadPrefix+id)
	if e.Err != nil {
		return refuse(e.Err)
	}
	e.Contact.Unverified = true
	e.Contact.Attributes = leadAttributes(LeadComplete, lead)
	var first, last string
	profile := map[string]*string{
		toName: &e.Contact.Name, toFirstName: &first, toLastName: &last,
		toEmail: &e.Contact.Email, toPhone: &e.Contact.Phone,
	}
	for raw := range lead.list("field_data") {
		field := parseObject(raw)
		label, values := field.text("name"), answers(field.list("values"))
		name, into := answerName(label), profile[fieldOf(label)]
		switch {
		case len(values) == 0:
		case into != nil && *into == "":
			*into = values[0]
		case e.Contact.Attributes[name].Kind() != "": // the first one stays
		case len(values) == 1:
			e.Contact.Attributes[name] = visitor.Text(values[0])
		default:
			e.Contact.Attributes[name] = visitor.List(values...)
		}
	}
	e.Contact.Name = cleanText(cmp.Or(e.Contact.Name, first+" "+last), visitor.MaxName)
	return e, nil
}

// answers returns the values that are not blank.
func answers(values iter.Seq[[]byte]) []string {
	var out []string
	for raw := range values {
		var v scalar
		_ = v.UnmarshalJSON(raw)
		if s := text.Trim(string(v)); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// answerName returns the name of the attribute for a question of a form. A question without any
// letter or digit of ASCII has a name that is derived from it.
func answerName(question string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		}
		return '_'
	}, strings.ToLower(question))
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '_' }), "_")
	if strings.Trim(name, "-._") == "" {
		return "question_" + digest(question)[:8]
	}
	if name[0] < 'a' || name[0] > 'z' {
		name = "question_" + name
	}
	return name[:min(len(name), visitor.MaxAttributeName)]
}

// graphTime parses a time of the Graph API.
func graphTime(s scalar) time.Time {
	if at, err := time.Parse("2006-01-02T15:04:05-0700", string(s)); err == nil {
		return at.UTC()
	}
	return s.time()
}
