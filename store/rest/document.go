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
)

// apiVersion is the version of the HTTP API. Within 1 nothing that is there goes away.
const apiVersion = "1.0.0"

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// newDocument returns a document without paths, whose registry knows the schemas of
// types that cannot describe themselves.
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
			Description: "Every person who reaches a business, through whatever channel, as one visitor. Who may call, and for which workspace, is the host's business.",
			License:     &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
		},
		Components: &huma.Components{Schemas: schemas},
		Tags: []*huma.Tag{
			{Name: "visitors", Description: "People"}, {Name: "tags", Description: "Labels that visitors carry"},
			{Name: "groups", Description: "Contact groups, by hand or by rule"}, {Name: "filters", Description: "Asking for visitors"},
			{Name: "capture", Description: "What happens on channels, and the ids that people have there"},
			{Name: "duplicates", Description: "Visitors that may be one person"},
			{Name: "events", Description: "What has changed"},
		},
	}
}

// schemaName tells types of one name apart by their package.
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
		Description: "A text, a number, a truth value, a list of texts, or a time.",
		AnyOf: []*huma.Schema{
			{Type: huma.TypeString}, {Type: huma.TypeNumber}, {Type: huma.TypeBoolean},
			{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}},
			{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"time": {Type: huma.TypeString, Format: "date-time"}},
				Required: []string{"time"}, AdditionalProperties: false},
		},
	}
}

// Schema refers to the schema of filters, which package filter checks itself.
func (filterSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Extensions: map[string]any{"$ref": "#/components/schemas/Filter"}}
}

// Schema describes an id.
func (idSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid"}
}

// document writes the document: lists are never null, filters have the schema of package
// filter, and what huma would answer itself is left out.
func document(api *huma.OpenAPI) ([]byte, error) {
	for _, s := range api.Components.Schemas.Map() {
		denull(s)
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

// denull says that the lists below s are not null: none of ours is, and null is refused.
func denull(s *huma.Schema) {
	if s == nil {
		return
	}
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	denull(s.Items)
	for _, p := range s.Properties {
		denull(p)
	}
	if additional, ok := s.AdditionalProperties.(*huma.Schema); ok {
		denull(additional)
	}
	for _, one := range s.AnyOf {
		denull(one)
	}
}

// describe writes the descriptions of what the types of other packages hold.
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
