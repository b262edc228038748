//! Names of dynamic namespaces: `/tenant/{id}`.

use std::fmt;
use std::sync::Arc;

/// The name of a dynamic namespace, in the syntax of axum's routes.
///
/// - `/tenant/{id}`: a parameter takes one segment, which is not empty. It may have a fixed prefix and suffix, as in
///   `/room-{id}`.
/// - `/files/{*path}`: the last one may take all that is left, slashes included, if that is not empty.
/// - `{{` and `}}` are braces.
///
/// Names are compared as they are: Socket.IO sends them raw, so nothing is decoded.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    source: Arc<str>,
    segments: Box<[Segment]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(Box<str>),
    Param { prefix: Box<str>, name: Arc<str>, suffix: Box<str> },
    Rest(Arc<str>),
}

impl Pattern {
    /// Whether a name is a pattern, or means to be one: it holds a brace.
    pub(crate) fn is_pattern(name: &str) -> bool {
        name.contains(['{', '}'])
    }

    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for the one who wrote it.
    pub(crate) fn parse(pattern: &str) -> Result<Self, String> {
        let path = pattern.strip_prefix('/').ok_or("it does not begin with a slash")?;
        let segments = path.split('/').map(Segment::parse).collect::<Result<Box<[_]>, _>>()?;
        let names = || segments.iter().filter_map(Segment::name);
        for (index, name) in names().enumerate() {
            if names().take(index).any(|earlier| earlier == name) {
                return Err(format!("two parameters are called `{name}`"));
            }
        }
        if let Some((_, before)) = segments.split_last()
            && let Some(name) = before.iter().find_map(Segment::rest)
        {
            return Err(format!("`{{*{name}}}` takes all that is left, so it must come last"));
        }
        Ok(Self { source: pattern.into(), segments })
    }

    /// The pattern as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.source
    }

    /// What the parameters are in this name; `None` if it is not of this pattern. Each byte is looked at a fixed number of
    /// times, whatever the name holds.
    pub(crate) fn matches(&self, name: &str) -> Option<ParamValues> {
        let mut left = Some(name.strip_prefix('/')?);
        let mut values = Vec::new();
        for segment in &self.segments {
            let path = left?;
            if let Segment::Rest(name) = segment {
                values.push((name.clone(), some_text(path)?));
                left = None;
                break;
            }
            let (text, tail) = path.split_once('/').map_or((path, None), |(text, tail)| (text, Some(tail)));
            left = tail;
            match segment {
                Segment::Param { prefix, name, suffix } => {
                    let value = text.strip_prefix(&**prefix)?.strip_suffix(&**suffix)?;
                    values.push((name.clone(), some_text(value)?));
                }
                Segment::Literal(literal) if **literal == *text => {}
                Segment::Literal(_) | Segment::Rest(_) => return None,
            }
        }
        left.is_none().then(|| ParamValues(values.into()))
    }
}

/// A parameter is never empty.
fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl Segment {
    fn parse(segment: &str) -> Result<Self, String> {
        let mut literal = String::new();
        let mut param = None;
        let mut left = segment;
        while let Some(brace) = left.find(['{', '}']) {
            let (before, braces) = left.split_at(brace);
            literal.push_str(before);
            if let Some(tail) = braces.strip_prefix("{{") {
                literal.push('{');
                left = tail;
            } else if let Some(tail) = braces.strip_prefix("}}") {
                literal.push('}');
                left = tail;
            } else {
                let braces = braces.strip_prefix('{').ok_or("a `}` closes nothing; a brace itself is written `}}`")?;
                let (name, tail) =
                    braces.split_once('}').ok_or("a `{` is not closed; a brace itself is written `{{`")?;
                if param.replace((std::mem::take(&mut literal), name)).is_some() {
                    return Err(format!("`{segment}` has two parameters, where a segment can have one"));
                }
                left = tail;
            }
        }
        literal.push_str(left);
        let Some((prefix, name)) = param else {
            return Ok(Self::Literal(literal.into()));
        };
        if let Some(name) = name.strip_prefix('*') {
            if !prefix.is_empty() || !literal.is_empty() {
                return Err(format!("`{{*{name}}}` takes whole segments, so nothing can stand beside it"));
            }
            return Ok(Self::Rest(param_name(name)?));
        }
        Ok(Self::Param { prefix: prefix.into(), name: param_name(name)?, suffix: literal.into() })
    }

    /// The name of its parameter.
    fn name(&self) -> Option<&str> {
        match self {
            Self::Literal(_) => None,
            Self::Param { name, .. } | Self::Rest(name) => Some(name),
        }
    }

    /// The name of its parameter, if that takes all that is left.
    fn rest(&self) -> Option<&str> {
        match self {
            Self::Rest(name) => Some(name),
            Self::Literal(_) | Self::Param { .. } => None,
        }
    }
}

fn param_name(name: &str) -> Result<Arc<str>, String> {
    if name.is_empty() {
        return Err("a parameter has no name".to_owned());
    }
    if name.contains(['{', '*']) {
        return Err(format!("`{name}` is no name of a parameter"));
    }
    Ok(name.into())
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.source).finish()
    }
}

/// The parameters of a namespace by their names, in the order of the pattern. A clone shares them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParamValues(Arc<[(Arc<str>, String)]>);

impl ParamValues {
    pub(crate) fn as_slice(&self) -> &[(Arc<str>, String)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values in `name`, in the order of the pattern.
    fn values(pattern: &str, name: &str) -> Option<Vec<String>> {
        let params = Pattern::parse(pattern).unwrap().matches(name)?;
        Some(params.as_slice().iter().map(|(_, value)| value.clone()).collect())
    }

    #[test]
    fn a_parameter_takes_one_segment() {
        assert_eq!(values("/tenant/{id}", "/tenant/7").unwrap(), ["7"]);
        assert_eq!(values("/a/{x}/b/{y}", "/a/1/b/2").unwrap(), ["1", "2"]);
        assert_eq!(values("/{x}", "/ü %2F,{}").unwrap(), ["ü %2F,{}"]);
        for name in
            ["/tenant", "/tenant/", "/tenant/7/", "/tenant/7/8", "/tenants/7", "//tenant/7", "tenant/7", "/", ""]
        {
            assert_eq!(values("/tenant/{id}", name), None, "{name}");
        }
        assert_eq!(values("/a/{x}/b", "/a//b"), None);
        assert_eq!(values("/a/{x}/b", "/a/1"), None);
    }

    #[test]
    fn a_parameter_has_its_name() {
        let params = Pattern::parse("/a/{x}/{*y}").unwrap().matches("/a/1/2/3").unwrap();
        assert_eq!(params.as_slice(), [("x".into(), "1".to_owned()), ("y".into(), "2/3".to_owned())]);
    }

    #[test]
    fn a_parameter_may_have_a_prefix_and_a_suffix() {
        assert_eq!(values("/room-{id}", "/room-7").unwrap(), ["7"]);
        assert_eq!(values("/room-{id}.v1", "/room-7.v1").unwrap(), ["7"]);
        assert_eq!(values("/{id}.v1", "/7.v1.v1").unwrap(), ["7.v1"]);
        assert_eq!(values("/room-{id}", "/room-"), None);
        assert_eq!(values("/room-{id}", "/roomy-7"), None);
        // The prefix and the suffix do not share the `b`.
        assert_eq!(values("/ab{id}bc", "/abc"), None);
        assert_eq!(values("/ab{id}bc", "/abbc"), None);
    }

    #[test]
    fn the_last_may_take_all_that_is_left() {
        assert_eq!(values("/files/{*path}", "/files/a").unwrap(), ["a"]);
        assert_eq!(values("/files/{*path}", "/files/a/b//c/").unwrap(), ["a/b//c/"]);
        assert_eq!(values("/files/{*path}", "/files/"), None);
        assert_eq!(values("/files/{*path}", "/files"), None);
        assert_eq!(values("/{*path}", "/a").unwrap(), ["a"]);
        assert_eq!(values("/{*path}", "/"), None);
    }

    #[test]
    fn braces_are_doubled() {
        assert_eq!(values("/{{id}}", "/{id}").unwrap(), [""; 0]);
        assert_eq!(values("/{{id}}", "/7"), None);
        assert_eq!(values("/{{{id}}}", "/{7}").unwrap(), ["7"]);
        assert_eq!(values("/{{{id}}}", "/7"), None);
    }

    #[test]
    fn what_is_wrong_with_a_pattern_is_said() {
        for (pattern, wrong) in [
            ("{id}", "begin with a slash"),
            ("/{}", "no name"),
            ("/{*}", "no name"),
            ("/{id", "not closed"),
            ("/{a/b}", "not closed"),
            ("/id}", "closes nothing"),
            ("/{{id}", "closes nothing"),
            ("/{a{b}", "no name of a parameter"),
            ("/{a*}", "no name of a parameter"),
            ("/{**a}", "no name of a parameter"),
            ("/{a}{b}", "two parameters"),
            ("/{a}-{b}", "two parameters"),
            ("/{a}/{a}", "called `a`"),
            ("/{a}/{*a}", "called `a`"),
            ("/{*a}/b", "must come last"),
            ("/{*a}/{*b}", "must come last"),
            ("/x{*a}", "nothing can stand beside"),
            ("/{*a}x", "nothing can stand beside"),
        ] {
            let error = Pattern::parse(pattern).unwrap_err();
            assert!(error.contains(wrong), "{pattern}: {error}");
        }
    }

    #[test]
    fn a_pattern_holds_a_brace() {
        for name in ["/{id}", "/{{id}}", "/a}", "/{"] {
            assert!(Pattern::is_pattern(name), "{name}");
        }
        assert!(!Pattern::is_pattern("/tenant/*"));
    }
}
