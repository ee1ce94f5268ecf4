package intake

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Service is a service or a plugin that posts the submissions of forms in a shape of its own.
type Service string

// The services that Form knows. The file forms.md has what each of them posts and signs.
const (
	Typeform     Service = "typeform"
	Tally        Service = "tally"
	Webflow      Service = "webflow"   // versions 1 and 2 of its webhooks
	Elementor    Service = "elementor" // with or without advanced data
	Jotform      Service = "jotform"
	GoogleForms  Service = "google_forms" // an Apps Script that posts the event of a submission
	Netlify      Service = "netlify"      // its outgoing webhook, or the event of its function
	HubSpot      Service = "hubspot"
	GravityForms Service = "gravity_forms"
	ContactForm7 Service = "contact_form_7" // with a plugin that posts the fields by their names
	WPForms      Service = "wpforms"
)

// preset is where a service puts the parts of a submission. Paths that find nothing are skipped.
type preset struct {
	marks   [][]path // found together only in submissions of the service; any of the lists
	answers []path   // an empty path is the body itself, if the paths before find nothing
	id      []path
	form    []path // its name
	kind    path   // the kind of the event, a submission if it is one of kinds or missing
	kinds   []string
	rename  func(*submission) // makes the answers' names and kinds those of other services
	sign    signature
}

var presets = map[Service]preset{
	Typeform: {
		marks:   [][]path{paths("form_response.answers")},
		answers: paths("form_response.answers", "form_response.hidden"),
		id:      paths("form_response.token", "event_id"),
		form:    paths("form_response.definition.title", "form_response.form_id"),
		kind:    paths("event_type")[0], kinds: []string{"form_response", "form_response_partial"},
		sign: signature{header: "Typeform-Signature", check: bodySignature("sha256=")},
	},
	Tally: {
		marks:   [][]path{paths("eventType", "data.fields")},
		answers: paths("data.fields"),
		id:      paths("data.responseId", "data.submissionId", "eventId"),
		form:    paths("data.formName", "data.formId"),
		kind:    paths("eventType")[0], kinds: []string{"FORM_RESPONSE"},
		sign: signature{header: "Tally-Signature", check: bodySignature("")},
	},
	Webflow: {
		marks:   [][]path{paths("triggerType", "payload.data")},
		answers: paths("payload.data", "data"),
		id:      paths("payload.id", "_id"),
		form:    paths("payload.name", "name"),
		kind:    paths("triggerType")[0], kinds: []string{"form_submission"},
		sign: signature{header: "X-Webflow-Signature", check: webflowSignature},
	},
	Elementor: {
		marks:   [][]path{paths("form.id", "fields")},
		answers: append(paths("fields"), path{}),
		form:    paths("form.name", "form_name"),
	},
	Jotform: {
		marks:   [][]path{paths("rawRequest", "formID")},
		answers: paths("rawRequest"),
		id:      paths("submissionID", "rawRequest.event_id"),
		form:    paths("formTitle", "formID"),
	},
	GoogleForms: {
		marks:   [][]path{paths("namedValues")},
		answers: append(paths("namedValues"), path{}),
	},
	Netlify: {
		marks:   [][]path{paths("ordered_human_fields", "data"), paths("payload.ordered_human_fields")},
		answers: paths("payload.data", "data", "payload.human_fields", "human_fields"),
		id:      paths("payload.id", "id"),
		form:    paths("payload.form_name", "form_name"),
		sign:    signature{header: "X-Webhook-Signature", check: netlifySignature},
	},
	HubSpot: {
		marks:   [][]path{paths("fields[].objectTypeId")},
		answers: append(paths("fields", "properties", "values"), path{}),
		id:      paths("conversionId", "form-submissions[0].conversion-id"),
		form:    paths("form-submissions[0].title", "context.pageName"),
	},
	GravityForms: {
		marks:   [][]path{paths("form_id", "is_starred", "source_url")},
		answers: []path{{}},
		id:      paths("id"),
		form:    paths("form_title", "form_id"),
		rename:  renameGravity,
	},
	ContactForm7: {
		marks:   [][]path{paths("_wpcf7")},
		answers: []path{{}},
		form:    paths("_wpcf7"),
	},
	WPForms: {
		answers: []path{{}},
		id:      paths("entry_id"),
		form:    paths("form_name", "form_id"),
		sign:    signature{header: "X-WPForms-Webhook-Signature", check: wpformsSignature},
	},
}

var (
	webflowData       = paths("data")[0]
	typeformQuestions = paths("form_response.definition.fields")[0]
)

func paths(all ...string) []path {
	list := make([]path, len(all))
	for i, s := range all {
		p, err := parsePath(s)
		if err != nil {
			panic(err) // a path in this file
		}
		list[i] = p
	}
	return list
}

// recognise returns the service that posted a submission, "" if that is not clear.
func recognise(s *submission) Service {
	for _, name := range recognised {
		for _, marks := range presets[name].marks {
			if !slices.ContainsFunc(marks, func(p path) bool { return p.get(s.root) == nil }) {
				return name
			}
		}
	}
	if isWebflow1(s) {
		return Webflow
	}
	return ""
}

// recognised are the services with marks, in an order in which none has the marks of one after it.
var recognised = []Service{
	Typeform, Tally, Webflow, Jotform, GoogleForms, Netlify, HubSpot, Elementor, ContactForm7, GravityForms,
}

// isWebflow1 reports whether a body is a submission in version 1 of Webflow's webhooks: the name
// of the form beside an object with the fields. Other bodies with a name and data have an e-mail
// address or a phone number beside the name.
func isWebflow1(s *submission) bool {
	data, ok := webflowData.get(s.root).(map[string]any)
	if !ok || len(s.flat["name"]) == 0 {
		return false
	}
	for name := range s.flat {
		if field := fieldOf(name); field == toEmail || field == toPhone {
			return false
		}
	}
	return slices.ContainsFunc(answersIn(data, nil), func(a answer) bool { return a.field() != "" })
}

// locate finds the answers, the id and the name of the form.
func (s *submission) locate(service Service) {
	p, known := presets[service]
	if s.known = known; !known {
		s.answers = s.top()
		return
	}
	titles := map[string]string{}
	addTitles(titles, typeformQuestions.get(s.root))
	for _, at := range p.answers {
		if len(at) == 0 {
			if len(s.answers) == 0 {
				s.answers = s.top()
			}
			continue
		}
		s.answers = append(s.answers, answersIn(parsed(at.get(s.root)), titles)...)
	}
	s.answers = s.answers[:min(len(s.answers), maxFields)]
	s.id, s.form = firstAt(p.id, s.root), firstAt(p.form, s.root)
	s.kind, s.kinds = scalarText(p.kind.get(s.root)), p.kinds
	if p.rename != nil {
		p.rename(s)
	}
}

// lookInside replaces the answers by those with labels of their own in the body, if it has no e-mail
// address and no phone number at the top. A phone number alone can be one of several questions of
// a service that has the person elsewhere.
func (s *submission) lookInside() {
	if top := asked(s.answers); top[toEmail] || top[toPhone] {
		return
	}
	inner := described(s.root, maxDescribed)
	fields := asked(inner)
	if fields[toEmail] || fields[toPhone] && (fields[toName] || fields[toFirstName] || fields[toLastName]) {
		s.answers = inner
	}
}

// top returns the values at the top of the body as answers, in the order of their names. A
// JSON list is a list of answers.
func (s *submission) top() []answer {
	if list, ok := s.root.([]any); ok {
		return answersIn(list, nil)
	}
	if s.json {
		return answersIn(s.root, nil)
	}
	all := make([]answer, 0, len(s.flat))
	for _, name := range slices.Sorted(maps.Keys(s.flat)) {
		all = append(all, answer{names: []string{name}, values: s.flat[name]})
	}
	return all
}

// addTitles adds the titles of Typeform's questions by id.
func addTitles(titles map[string]string, questions any) {
	list, _ := questions.([]any)
	for _, item := range list {
		if question, ok := item.(map[string]any); ok {
			titles[scalarText(question["id"])] = scalarText(question["title"])
			if group, ok := question["properties"].(map[string]any); ok {
				addTitles(titles, group["fields"])
			}
		}
	}
}

func firstAt(all []path, root any) string {
	for _, p := range all {
		if s := text.Trim(scalarText(p.get(root))); s != "" {
			return s
		}
	}
	return ""
}

// renameGravity gives answers of Gravity Forms, which are posted by the numbers of the fields,
// names and kinds: the first and last name of a field are its inputs 3 and 6, unless it has an
// input 1, as addresses do; a value that is an e-mail address is one.
func renameGravity(s *submission) {
	for i := range s.answers {
		a := &s.answers[i]
		field, input, _ := strings.Cut(a.names[0], ".")
		if _, err := strconv.Atoi(field); err != nil {
			continue
		}
		_, isAddress := s.flat[field+".1"]
		switch {
		case input == "3" && !isAddress:
			a.names = append(a.names, toFirstName)
		case input == "6" && !isAddress:
			a.names = append(a.names, toLastName)
		case input == "" && isEmail(firstOf(a.values)):
			a.kind = toEmail
		}
	}
}

func isEmail(s string) bool {
	_, err := visitor.NormalizeEmail(s)
	return err == nil && strings.Contains(s, "@")
}
