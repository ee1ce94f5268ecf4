//go:build cgo

package sqlite_test

import (
	"testing"

	"github.com/contactpipeline/visitors/store/internal/faulttest"
)

func TestKill(t *testing.T) { faulttest.Kill(t, engine) }

func TestKillJobs(t *testing.T) { faulttest.KillJobs(t, engine) }

func TestKillInbound(t *testing.T) { faulttest.KillInbound(t, engine) }

func TestInbound(t *testing.T) {
	t.Parallel()
	faulttest.Inbound(t, engine)
}
