package webhook_test

import (
	"flag"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var seed = flag.Uint64("webhook.seed", uint64(time.Now().UnixNano()), "seed of the random tests")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
