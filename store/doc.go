// Package store keeps visitors. Open a Workspace on a back end (memory, sqlite, postgres or
// remote) and use its methods to create, find, tag, group, merge and delete the visitors of
// that workspace.
//
//	st, err := sqlite.Open(ctx, "visitors.db", nil)
//	ws, err := store.Open(st, "acme", nil)
//	v, err := ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Instagram})
//
// # Methods by task
//
//   - one visitor: Create, Check, Get, Update, Delete
//   - lists and filters: Find, All, Count, CountUpTo, Facets, Explain, Lint, Bind
//   - tags: Tag, Untag, Tags, CreateTag, UpdateTag, DeleteTag
//   - groups: AddToGroup, RemoveFromGroup, Groups, CreateGroup, UpdateGroup, DeleteGroup, PreviewRule
//   - who enters and leaves groups: WatchGroup, WatchedGroups, Advance, UpcomingChanges; Run calls
//     Advance in time
//   - contacts from channels and forms: Capture, CaptureAll, CaptureInTx, EnrichProfile
//   - identities and merging: Lookup, Link, Unlink, Duplicates, PreviewMerge, Merge, Unmerge
//   - consent: PutTopic, DeleteTopic, Topics, RecordConsent, ReportHealth, RecordSignals, CanContact,
//     StatusOf, ConsentHistory, UnsubscribeToken, ReadToken
//   - audiences: CreateAudience, Recipients, VerifyAudience, Audience, Audiences, DeleteAudience
//   - jobs on many visitors, with a plan and a way back: Plan, RunJob, CancelJob, UndoJob, Job, Jobs,
//     JobVisitors, ResumeJobs, DeleteJob, DeleteOldJobs
//   - the right to be forgotten: Erase, Erasure, Erasures, Reapply
//   - import: Load; package transfer reads and writes CSV files
//   - history: Events, EventsOf, Subscribe; WithActor records who made a change and why
//
// # Guarantees
//
// On every back end: a filter matches what filter.Match matches; a write that was acknowledged is
// visible to every later call and is not lost; a change to many visitors is made completely or not at
// all, or as a job, which goes on where it was interrupted; an event captured twice is captured once;
// pages neither skip nor repeat a visitor while others change; a deleted visitor is gone, and what the
// person denied stays; each visitor that enters or leaves a watched group gets an event with the exact
// instant, once, however late it is recorded; no call reads or writes another workspace.
//
// Every method accepts a context and returns the context's error if it ends first. Other
// errors are *Error.
//
// Back ends implement the interface of package driver, and package storetest tests them.
package store
