package postgres

import (
	"testing"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

func BenchmarkCompile(b *testing.B) {
	crowd.Compile(b, func(bound filter.Bound) (string, error) {
		text, _, err := sqlstore.Compile(dialect{format: format{"public"}}, "acme", bound)
		return text, err
	})
}
