package intake

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// answer is the answer to one question of a form.
type answer struct {
	names  []string // of the question: its label, then its ids. Each is a name in Form.Fields.
	kind   string   // type of the question, as the service calls it; default: unknown
	values []string
	other  bool // about something else than the person, such as a company
	used   bool // by Form.Fields or by a field of the contact
}

// field returns the field of the contact that the question asks for, by its type or its label.
func (a *answer) field() string {
	if a.other {
		return ""
	}
	if field := fieldOfKind(a.kind); field != "" {
		return field
	}
	for _, name := range a.names {
		if field := fieldOf(name); field != "" {
			return field
		}
	}
	return ""
}

// rank returns how clear it is that the question asks for the field: by its type, more than by
// its label, and most if the label is exactly the name of the field. For a name, the type says
// less, since a form can also ask for the names of other people.
func (a *answer) rank(field string) int {
	rank := 0
	if fieldOfKind(a.kind) == field {
		rank = 4
		if field == toName {
			rank = 1
		}
	}
	if slices.ContainsFunc(a.names, func(name string) bool { return fieldOf(name) == field }) {
		rank += 2
	}
	if slices.Contains(a.names, field) {
		rank++
	}
	return rank
}

// asked returns the fields of the contact that the answers fill.
func asked(answers []answer) map[string]bool {
	fields := map[string]bool{}
	for _, a := range answers {
		if field := a.field(); field != "" && firstOf(a.values) != "" {
			fields[field] = true
		}
	}
	return fields
}

// attribute returns the values as an attribute: a text, or a list if there are several.
func attribute(values []string) (visitor.Value, bool) {
	var filled []string
	for _, value := range values {
		if value = text.Trim(value); value != "" {
			filled = append(filled, value)
		}
	}
	switch len(filled) {
	case 0:
		return visitor.Value{}, false
	case 1:
		return visitor.Text(filled[0]), true
	}
	return visitor.List(filled...), true
}

// The names under which services send the parts of an answer.
var (
	answerLabels = []string{"label", "title", "question", "name", "key", "ref", "id"}
	answerKinds  = []string{"type", "field_type"}
	answerValues = []string{"value", "raw_value", "values", "answer"}
)

// answersIn returns the answers in an object or a list, in its order: an object has the answers
// by name, each a value or an object with one; a list has an object for each.
func answersIn(node any, titles map[string]string) []answer {
	var all []answer
	switch node := node.(type) {
	case map[string]any:
		all = make([]answer, 0, len(node))
		for _, name := range slices.Sorted(maps.Keys(node)) {
			a := answerIn(node[name], titles)
			a.names = append(a.names, name)
			all = append(all, a)
		}
	case []any:
		all = make([]answer, 0, len(node))
		for _, item := range node {
			if isAnswer(item) {
				all = append(all, answerIn(item, titles))
			}
		}
	}
	return slices.DeleteFunc(all, func(a answer) bool { return len(a.values) == 0 || len(a.names) == 0 })
}

// maxDescribed is the depth to which described looks.
const maxDescribed = 4

// described returns the answers with a label of their own anywhere in a body, down to a depth, such
// as {"label": "E-Mail", "value": "ada@example.com"}.
func described(node any, depth int) []answer {
	var all []answer
	add := func(name string, child any) {
		if isAnswer(child) {
			a := answerIn(child, nil)
			if name != "" {
				a.names = append(a.names, name)
			}
			if len(a.values) > 0 && len(a.names) > 0 {
				all = append(all, a)
				return
			}
		}
		if depth > 0 {
			all = append(all, described(child, depth-1)...)
		}
	}
	switch node := node.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(node)) {
			add(name, node[name])
		}
	case []any:
		for _, item := range node {
			add("", item)
		}
	}
	return all[:min(len(all), maxFields)]
}

func answerIn(node any, titles map[string]string) answer {
	object, ok := node.(map[string]any)
	if !ok {
		return answer{values: typedTexts(node)}
	}
	if !isAnswer(node) {
		return compound(object)
	}
	a := answer{kind: firstText(object, answerKinds)}
	if id := scalarText(object["objectTypeId"]); id != "" && id != "0-1" { // of HubSpot, where 0-1 is a contact
		a.other = true
	}
	if question, ok := object["field"].(map[string]any); ok {
		if title := titles[scalarText(question["id"])]; title != "" {
			a.names = append(a.names, title)
		}
		a.names = appendTexts(a.names, question, answerLabels)
	}
	a.names = appendTexts(a.names, object, answerLabels)
	for _, name := range append(answerValues[:len(answerValues):len(answerValues)], a.kind) {
		if value := object[name]; value != nil {
			if a.values = chosen(value, object["options"]); len(a.values) > 0 {
				break
			}
		}
	}
	return a
}

// isAnswer reports whether an object has an answer: a value, or one under the name of its type.
func isAnswer(node any) bool {
	object, ok := node.(map[string]any)
	if !ok {
		return false
	}
	for _, name := range answerValues {
		if _, ok := object[name]; ok {
			return true
		}
	}
	kind, ok := object["type"].(string)
	return ok && object[kind] != nil && object["field"] != nil
}

// chosen returns the texts of an answer. The ids of options are replaced by their texts.
func chosen(value, options any) []string {
	texts := typedTexts(value)
	if object, ok := value.(map[string]any); ok {
		texts = compound(object).values
	}
	list, _ := options.([]any)
	if len(list) == 0 {
		return texts
	}
	labels := make(map[string]string, len(list))
	for _, item := range list {
		if option, ok := item.(map[string]any); ok {
			labels[scalarText(option["id"])] = firstText(option, []string{"text", "label", "name"})
		}
	}
	for i, id := range texts {
		if label := labels[id]; label != "" {
			texts[i] = label
		}
	}
	return texts
}

// compound returns the answer of an object with the parts of a name or a phone number, or with
// the labels of choices.
func compound(object map[string]any) answer {
	named := make(map[string]any, len(object)) // by the fields of the contact and other names in lower case
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if field := cmp.Or(fieldOf(name), strings.ToLower(name)); named[field] == nil {
			named[field] = object[name]
		}
	}
	parts := func(names ...string) string {
		return strings.Join(appendTexts(nil, named, names), " ")
	}
	switch {
	case parts(toFirstName, toLastName) != "" && parts(toEmail, toPhone) == "":
		return answer{kind: toName, values: []string{parts("prefix", toFirstName, "middle", toLastName, "suffix")}}
	case parts("full") != "" && len(object) == 1:
		return answer{kind: toPhone, values: []string{parts("full")}}
	case parts("area") != "" && parts(toPhone) != "":
		return answer{kind: toPhone, values: []string{parts("country", "area", toPhone)}}
	}
	var values []string
	for _, name := range []string{"label", "labels", "other"} {
		values = append(values, typedTexts(object[name])...)
	}
	return answer{values: values}
}

func firstText(object map[string]any, names []string) string {
	for _, name := range names {
		if s := scalarText(object[name]); s != "" {
			return s
		}
	}
	return ""
}

func appendTexts(dst []string, object map[string]any, names []string) []string {
	for _, name := range names {
		if s := text.Trim(scalarText(object[name])); s != "" {
			dst = append(dst, s)
		}
	}
	return dst
}
