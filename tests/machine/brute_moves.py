"""How tokens move for the second interpreter: forks, joins, choices, loops, items; not what fails.

What fails is noted in `thrown`, for the one who takes scopes down. Numbers in parentheses
are the numbers of the rules in docs/semantics.md.
"""

from collections import Counter
from dataclasses import replace

from agentgraph import errors
from agentgraph.graph import START, Edge, Vertex
from tests.machine.brute_standing import (
    ALONE,
    Entry,
    Fault,
    Frame,
    Line,
    Standing,
    Task,
    Tip,
    Token,
    Work,
)


class Moves(Standing):
    """Moves the tokens of a run."""

    # Rules 1 to 6: tokens

    def _leave(self, frame: Frame, name: str, token: Token, edge: Edge | None = None) -> None:
        edges = (edge,) if edge else frame.graph.outs[name]
        tokens = [token]
        if len(edges) > 1:
            fork = len(self.forks)
            self.forks[fork] = (token.revision, len(edges))
            lines = [
                frozenset((*branch, (fork, i)) for branch in token.line) for i in range(len(edges))
            ]
            ways = [(*token.ways, (fork, i)) for i in range(len(edges))]
            tokens = [
                replace(token, line=line, ways=way) for line, way in zip(lines, ways, strict=True)
            ]
        for way, each in zip(edges, tokens, strict=True):
            inside = {region.name for region in frame.graph.regions if name in region.members}
            self.moving.append((frame, inside, way.target, each, way))

    def _move(self) -> bool:
        """Move the token that has waited longest: branches go on side by side, in declared order."""
        if self.moving:
            self._reach(*self.moving.pop(0))
            return True
        return False

    def _reach(
        self, frame: Frame, inside: set[str], target: str, token: Token, edge: Edge | None
    ) -> None:
        """Bring a token from the regions `inside` to `target`."""
        for region in frame.graph.regions:
            if target in region.members and region.name not in inside:
                frame.entries[region.name] = Entry(token, self.clock)
                for vertex in frame.graph.vertices:
                    if vertex.bound and vertex.bound.loop == region.name:
                        frame.counts[vertex.name] = 0
        vertex = frame.graph.vertex[target]
        if vertex.kind == "end":
            self._end(frame, token)
        elif vertex.kind == "join":
            assert edge is not None
            frame.rest[target, frame.graph.ins[target].index(edge)] = token
            places = [(target, place) for place in range(len(frame.graph.ins[target]))]
            if vertex.need is None and all(place in frame.rest for place in places):
                self._join(frame, target, places)
        else:
            self._arrive(frame, vertex, token)

    def _arrive(self, frame: Frame, vertex: Vertex, token: Token) -> None:
        name, bound = vertex.name, vertex.bound
        frame.counts[name] += 1
        if bound and frame.counts[name] > bound.at_most:
            if bound.then is None:
                work = Work(frame, name, token, is_exceeded=True)
                self.works.append(work)
                error = refused(errors.Exhausted, frame.holder or work)
                if frame.holder is None:
                    self.thrown.append(Fault(work, error))
                else:
                    self._break(work, work.path, error)
                return
            inside = {region.name for region in frame.graph.regions if name in region.members}
            self.moving.append((frame, inside, bound.then, token, None))
            return
        frame.visits[name] += 1
        if vertex.kind == "gateway":
            self._leave(frame, name, token)
        else:
            work = Work(frame, name, token, frame.visits[name])
            self.works.append(work)
            self._first(work)

    def _first(self, work: Work) -> None:
        verbs = {"node": "run", "classifier": "choose", "human": "ask", "form": "ask"}
        verbs |= {"each": "list", "subgraph": "enter"}
        if work.vertex.kind == "consensus":
            for voter in work.vertex.voters:
                self._put(work, "poll", work.token.revision, part=voter)
        else:
            verb, told = verbs[work.vertex.kind], work.token.told
            given = type(told).__name__ if told else None
            self._put(work, verb, work.token.revision, given=given, attempt=work.attempt)

    def _join(self, frame: Frame, join: str, places: list[tuple[str, int]]) -> None:
        tokens = [frame.rest.pop(place) for place in places]
        ways = [frame.graph.ins[join][place] for _, place in places]
        if len(tokens) == 1:
            return self._leave(frame, join, tokens[0])
        tips = tuple(Tip(way.source, token) for way, token in zip(ways, tokens, strict=True))
        line = self._closed(frozenset().union(*(token.line for token in tokens)))
        fork = self._forked(tokens)
        if fork is None:
            self.crossings += 1
            around = () if line == ALONE else ((-self.crossings, 0),)
            fork = min(tokens[0].line)[0][0]
        else:
            around = tokens[0].ways[:-1]
        onward = Token("", line, around)
        return self._merge(frame, join, tips, onward, self.forks[fork][0])

    def _merge(
        self, frame: Frame, join: str, tips: tuple[Tip, ...], onward: Token, origin: str
    ) -> None:
        revisions = [tip.token.revision for tip in tips]
        past = frozenset[int]().union(*(tip.token.past for tip in tips))
        token = replace(onward, revision=revisions[0], past=past, told=None)
        if len(set(revisions)) == 1:
            self._leave(frame, join, token)
        else:
            work = Work(frame, join, token, tips=tips)
            self.works.append(work)
            self._put(work, "merge", origin, given=", ".join(revisions))

    def _forked(self, tokens: list[Token]) -> int | None:
        """Return the fork that these tokens are all the branches of (4)."""
        fork = tokens[0].ways[-1][0]
        around = tokens[0].ways[:-1]
        branches = (
            {(*around, (fork, i)) for i in range(self.forks[fork][1])} if fork >= 0 else set()
        )
        return fork if {token.ways for token in tokens} == branches else None

    def _closed(self, line: Line) -> Line:
        """Put branches of one fork together where all of them are there."""
        for branch in line:
            fork = branch[-1][0] if branch else None
            if fork is not None:
                ways = {(*branch[:-1], (fork, i)) for i in range(self.forks[fork][1])}
                if ways <= line:
                    return self._closed(line - ways | {branch[:-1]})
        return line

    def _end(self, frame: Frame, token: Token) -> None:
        frame.end, frame.last = token, token.revision
        holder = frame.holder
        if holder is None:
            return
        self.frames.remove(frame)
        holder.past |= token.past
        if frame.index is None:
            self._put(holder, "leave", holder.token.revision, given=token.revision)
        else:
            self._item_over(holder, frame.index, token.revision)

    # Rules 7 to 9: choices

    def _choose(self, work: Work, label: str | None, error: Exception) -> None:
        edges = work.frame.graph.outs[work.name]
        ways = [edge for edge in edges if (edge.unsure if label is None else edge.label == label)]
        if ways:
            self.works.remove(work)
            token = replace(work.token, told=None)
            self._leave(work.frame, work.name, token, ways[0])
        else:
            self._break(work, work.path, error)

    def _break(self, work: Work, path: str, error: Exception) -> None:
        """The machine itself cannot go on at a vertex (25)."""
        self.said.append(f"broke {path} {type(error).__name__}")
        self.thrown.append(Fault(work, error))

    def _count(self, work: Work) -> None:
        out = [task for task in self.tasks + self.held if task.work is work]
        tally = Counter(vote for vote in work.votes.values() if isinstance(vote, str))
        best = max(tally.values(), default=0)
        need = work.vertex.need or len(work.vertex.voters)
        if best >= need or best + len(out) < need:
            work.decided = True
            self.held = [task for task in self.held if task.work is not work]
            for task in self.tasks:
                if task.work is work:
                    self._cancel(task)
            self._chosen(work)

    def _chosen(self, work: Work) -> None:
        if any(task.work is work for task in self.tasks):
            return
        tally = Counter(vote for vote in work.votes.values() if isinstance(vote, str))
        need = work.vertex.need or len(work.vertex.voters)
        label = next((label for label, n in tally.items() if n >= need), None)
        self.said.append(f"chosen {label or 'nothing'}")
        votes = [work.votes.get(voter) for voter in work.vertex.voters]
        failed = [vote for vote in votes if isinstance(vote, Exception)]
        group = ExceptionGroup("voters", failed) if failed else refused(errors.NoConsensus, work)
        self._choose(work, label, group)

    # Rules 12 and 13: items and subgraphs

    def _next_items(self, work: Work) -> None:
        while work.begun < len(work.items) and work.begun - len(work.results) < work.vertex.limit:
            work.begun += 1
            self._item(work, work.begun - 1)
        is_ready = not any(task.work is work for task in self.tasks)
        if len(work.results) == len(work.items) and is_ready:
            given = "[" + ", ".join(work.results[i] for i in range(len(work.items))) + "]"
            self._put(work, "into", work.token.revision, given=given)

    def _item(self, work: Work, index: int) -> None:
        work.attempts[index] += 1
        if work.vertex.child:
            path = f"{work.frame.path}{work.name}/{index}"
            self._open(work, work.items[index], path, index)
        else:
            attempt = work.attempts[index]
            self._put(work, "item", work.items[index], part=str(index), attempt=attempt)

    def _item_over(self, work: Work, index: int, result: str) -> None:
        work.results[index] = result
        self._next_items(work)

    def _open(self, work: Work, revision: str, path: str, index: int | None) -> None:
        assert work.vertex.child is not None
        token = Token(revision, past=work.token.past)
        frame = Frame(work.vertex.child, f"{path}/", token, work, index)
        self.frames.append(frame)
        self._leave(frame, START, token)


def refused(kind: type[errors.RunError], where: "Task | Work") -> Exception:
    return kind("it failed", where=where.path, fix="none")
