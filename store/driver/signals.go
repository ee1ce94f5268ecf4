package driver

import "sync"

// Notifier is an optional interface of a Store that tells at once when it has appended events. What
// other processes append it need not notice.
type Notifier interface {
	// Appended returns a channel that is closed after the next events of a workspace were committed.
	Appended(ws WorkspaceID) <-chan struct{}
}

// Signals implements Notifier. The zero Signals is ready to use.
type Signals struct {
	mu      sync.Mutex
	waiting map[WorkspaceID]chan struct{}
}

// Appended returns a channel that the next call of Notify for the workspace closes.
func (s *Signals) Appended(ws WorkspaceID) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = map[WorkspaceID]chan struct{}{}
	}
	c := s.waiting[ws]
	if c == nil {
		c = make(chan struct{})
		s.waiting[ws] = c
	}
	return c
}

// Notify says that events of a workspace were committed.
func (s *Signals) Notify(ws WorkspaceID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.waiting[ws]; c != nil {
		close(c)
		delete(s.waiting, ws)
	}
}

// NotifyAll says that events of some workspaces were committed.
func (s *Signals) NotifyAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.waiting {
		close(c)
	}
	clear(s.waiting)
}
