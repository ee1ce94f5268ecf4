package rest

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// apiVersion is the version of the HTTP API. Versions 1.x only add to it.
const apiVersion = "1.0.0"

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// newDocument returns a document without paths. Its registry has schemas for types whose
// JSON form huma cannot derive.
func newDocument() *huma.OpenAPI {
	schemas := huma.NewMapRegistry("#/components/schemas/", schemaName)
	schemas.RegisterTypeAlias(typeOf[visitor.Value](), typeOf[valueSchema]())
	schemas.RegisterTypeAlias(typeOf[json.RawMessage](), typeOf[filterSchema]())
	schemas.RegisterTypeAlias(typeOf[visitor.ID](), typeOf[idSchema]())
	schemas.RegisterTypeAlias(typeOf[group.ID](), typeOf[idSchema]())
	schemas.RegisterTypeAlias(typeOf[tag.ID](), typeOf[idSchema]())
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Visitors", Version: apiVersion,
			Description: "Every person who contacts a business, on any channel, as one visitor. The host authenticates requests and chooses the workspace of each.",
			License:     &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
		},
		Components: &huma.Components{Schemas: schemas},
		Tags: []*huma.Tag{
			{Name: "visitors", Description: "The people who contacted the business"}, {Name: "tags", Description: "Labels on visitors"},
			{Name: "groups", Description: "Contact groups with members that were added, a rule, or both"}, {Name: "filters", Description: "Conditions on visitors"},
			{Name: "capture", Description: "Events on channels, and identities"},
			{Name: "duplicates", Description: "Visitors that can be the same person, and merging them"},
			{Name: "consent", Description: "Topics, what people said about messages, and whether messages arrive"},
			{Name: "audiences", Description: "Who could be written to at a time, with a receipt"},
			{Name: "erasures", Description: "Deleting all data about a person"},
			{Name: "events", Description: "The log of changes"},
		},
	}
}

// schemaName makes the names of types from different packages unique.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case typeOf[visitor.Draft](), typeOf[visitor.Patch]():
		return "Visitor" + name
	case typeOf[tag.Draft](), typeOf[tag.Patch]():
		return "Tag" + name
	case typeOf[visitor.Choice]():
		return "MergeChoice"
	case typeOf[consent.Entry](), typeOf[consent.Status](), typeOf[consent.Subject]():
		return "Consent" + name
	case typeOf[consent.Request](), typeOf[Decision]():
		return "Contact" + name
	}
	return name
}

type (
	valueSchema  struct{}
	filterSchema struct{}
	idSchema     struct{}
)

// Schema describes the value of an attribute.
func (valueSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "A string, number, boolean, list of strings, or time.",
		AnyOf: []*huma.Schema{
			{Type: huma.TypeString}, {Type: huma.TypeNumber}, {Type: huma.TypeBoolean},
			{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}},
			{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"time": {Type: huma.TypeString, Format: "date-time"}},
				Required: []string{"time"}, AdditionalProperties: false},
		},
	}
}

// Schema refers to the schema of filters, which package filter validates.
func (filterSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Extensions: map[string]any{"$ref": "#/components/schemas/Filter"}}
}

// Schema describes an id.
func (idSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid"}
}

// document encodes the OpenAPI document, with the schema of package filter and without the
// error types of huma.
func document(api *huma.OpenAPI) ([]byte, error) {
	for _, s := range api.Components.Schemas.Map() {
		notNullable(s)
	}
	written, err := json.Marshal(api)
	if err != nil {
		return nil, err
	}
	var doc struct {
		OpenAPI    json.RawMessage `json:"openapi"`
		Info       json.RawMessage `json:"info"`
		Tags       any             `json:"tags"`
		Paths      any             `json:"paths"`
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(written, &doc); err != nil {
		return nil, err
	}
	schemas := doc.Components.Schemas
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
	var form map[string]any
	moved := bytes.ReplaceAll(filter.JSONSchema(), []byte(`"#/$defs/`), []byte(`"#/components/schemas/Filter/$defs/`))
	if err := json.Unmarshal(moved, &form); err != nil {
		return nil, err
	}
	delete(form, "$schema")
	delete(form, "$id")
	schemas["Filter"] = form
	describe(schemas)
	code := schemas["Problem"].(map[string]any)["properties"].(map[string]any)["code"].(map[string]any)
	code["examples"] = codes
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(doc)
	return out.Bytes(), err
}

// notNullable marks the lists below s as never null: responses have [], and requests with
// null are refused.
func notNullable(s *huma.Schema) {
	if s == nil {
		return
	}
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	notNullable(s.Items)
	for _, p := range s.Properties {
		notNullable(p)
	}
	if additional, ok := s.AdditionalProperties.(*huma.Schema); ok {
		notNullable(additional)
	}
	for _, one := range s.AnyOf {
		notNullable(one)
	}
}

// describe adds the descriptions.
func describe(schemas map[string]any) {
	for path, words := range descriptions {
		schema, field, _ := strings.Cut(path, ".")
		node := schemas[schema].(map[string]any)
		if field != "" {
			node = node["properties"].(map[string]any)[field].(map[string]any)
		}
		node["description"] = words
	}
}
