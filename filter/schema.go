package filter

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// FieldTable is the field table as data: what a front end needs for a filter builder.
type FieldTable struct {
	Fields  []FieldSchema `json:"fields"`
	Periods []Choice      `json:"periods"` // the values of a period operand
	Limits  Limits        `json:"limits"`
}

// FieldSchema describes a field.
type FieldSchema struct {
	Name    string     `json:"name"`  // as in the text and JSON forms
	Label   string     `json:"label"` // for people, in English
	Kind    Kind       `json:"kind"`
	Named   bool       `json:"named,omitempty"`   // needs the name of an attribute: attr.name
	Ops     []OpSchema `json:"ops"`               // in the order to offer them
	Choices []Choice   `json:"choices,omitempty"` // the only values; none: any value of the kind
	// Channels and States are the only values of these parts of a PermissionRef; its Topic is the key
	// of a topic of the workspace.
	Channels []Choice `json:"channels,omitempty"`
	States   []Choice `json:"states,omitempty"`
}

// OpSchema describes an operator of a field.
type OpSchema struct {
	Op       Op          `json:"op"`
	Label    string      `json:"label"`              // for people, in English
	Operands []ValueKind `json:"operands,omitempty"` // the kinds of values it accepts
	Min      int         `json:"min"`                // fewest values
	Max      int         `json:"max"`                // most values
}

// Choice is one of a closed set of values.
type Choice struct {
	Value       string    `json:"value"`
	Label       string    `json:"label"`
	Badge       tag.Color `json:"badge,omitempty"`
	Text        tag.Color `json:"text,omitempty"` // the colour of text on Badge
	Description string    `json:"description,omitempty"`
}

// Limits are the limits of an expression; see the constants.
type Limits struct {
	Depth  int `json:"depth"`
	Nodes  int `json:"nodes"`
	List   int `json:"list"`
	Text   int `json:"text"`
	Values int `json:"values"`
	Size   int `json:"size"`
}

// Schema returns the field table as data, with the sources of the catalogue.
func Schema(sources visitor.Catalog) FieldTable {
	s := FieldTable{Limits: Limits{MaxDepth, MaxNodes, MaxList, MaxText, MaxValues, MaxSize}}
	for _, f := range fields {
		described := FieldSchema{Name: f.Name, Label: f.Label, Kind: f.Kind, Named: f.Kind == AttrKind}
		for _, op := range f.Ops {
			label := cmp.Or(kindLabels[f.Kind][op], opLabels[op])
			least, most := counts(op)
			described.Ops = append(described.Ops, OpSchema{op, label, f.Operands(op), least, most})
		}
		if f.Kind == EnumKind {
			for _, source := range sources.Sources() {
				info := sources.Info(source)
				described.Choices = append(described.Choices,
					Choice{string(source), info.Label, info.Badge, info.Badge.Text(), info.Description})
			}
		}
		if ofPermission(f.Kind) {
			described.Channels, described.States = channelChoices(), stateChoices(f.Kind)
		}
		s.Fields = append(s.Fields, described)
	}
	for _, p := range Periods() {
		s.Periods = append(s.Periods, Choice{Value: string(p), Label: strings.ReplaceAll(string(p), "-", " ")})
	}
	return s
}

func channelChoices() []Choice {
	var choices []Choice
	for _, c := range consent.Channels() {
		choices = append(choices, Choice{Value: string(c), Label: c.Text()})
	}
	return choices
}

func stateChoices(kind Kind) []Choice {
	var choices []Choice
	for _, s := range statesOf(kind) {
		label := cmp.Or(consent.State(s).Text(), consent.HealthState(s).Text())
		choices = append(choices, Choice{Value: s, Label: label})
	}
	return choices
}

var opLabels = map[Op]string{
	OpIn: "is one of", OpAll: "has all of", OpContains: "contains", OpPrefix: "starts with", OpSuffix: "ends with",
	OpExists: "has a value", OpLess: "is less than", OpAtMost: "is at most", OpGreater: "is greater than",
	OpAtLeast: "is at least", OpBetween: "is between",
}

var kindLabels = map[Kind]map[Op]string{
	TagKind:      {OpIn: "has one of", OpExists: "has any"},
	GroupKind:    {OpIn: "is in one of", OpAll: "is in all of", OpExists: "is in any, by hand"},
	IdentityKind: {OpIn: "is known as one of", OpExists: "is known on a channel"},
	InboxKind:    {OpIn: "came through one of", OpExists: "is known"},
	CanKind:      {OpIn: "on one of"},
	JobKind:      {OpIn: "is one of"},
	ConsentKind:  {OpIn: "is one of"},
	HealthKind:   {OpIn: "is one of"},
	TimeKind: {OpIn: "is on", OpLess: "is before", OpAtMost: "is not after", OpGreater: "is after",
		OpAtLeast: "is not before", OpExists: "has a time"},
}

//go:embed schema.json
var jsonSchema []byte

// JSONSchema returns the JSON Schema (draft 2020-12) of the JSON form. Unmarshal refuses all
// that the schema refuses, and what a schema cannot express, such as a text that is empty after
// folding, or limits of the whole tree.
func JSONSchema() []byte { return slices.Clone(jsonSchema) }
