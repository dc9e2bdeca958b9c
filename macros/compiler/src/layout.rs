//! `#[derive(Layout)]`: NVM addresses from the order and types of a struct's fields.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Index, Member, Path, Result, parse_quote, parse2};

/// Expands `#[derive(Layout)]`. Any input gives code or a `compile_error!`.
pub fn derive_layout(input: TokenStream) -> TokenStream {
    expand(input).unwrap_or_else(|error| error.to_compile_error())
}

fn expand(input: TokenStream) -> Result<TokenStream> {
    let mut input: DeriveInput = parse2(input)?;
    let krate = krate(&input)?;
    let fields = match &input.data {
        Data::Struct(data) => &data.fields,
        Data::Enum(data) => return Err(refuse(data.enum_token.span, "an enum")),
        Data::Union(data) => return Err(refuse(data.union_token.span, "a union")),
    };
    let named = matches!(fields, Fields::Named(_));
    let members: Vec<Member> = (0u32..)
        .zip(fields)
        .map(|(i, field)| match &field.ident {
            Some(name) => Member::Named(name.clone()),
            None => Member::Unnamed(Index {
                index: i,
                span: field.ty.span(),
            }),
        })
        .collect();
    let types: Vec<_> = fields.iter().map(|field| field.ty.clone()).collect();
    let labels: Vec<String> = members
        .iter()
        .zip(&types)
        .map(|(member, ty)| format!("{}: {}", text(member), text(ty)))
        .collect();
    let name = input.ident.clone();
    let label = if named {
        format!("struct {name}")
    } else {
        format!("tuple struct {name}")
    };

    let bounds = &mut input.generics.make_where_clause().predicates;
    for ty in &types {
        // Spanned at the field, so that "is not a buffer" points there.
        bounds.push(parse2(quote_spanned!(ty.span()=> #ty: #krate::Layout))?);
    }
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let place = members.iter().zip(&types).map(|(member, ty)| {
        quote_spanned!(ty.span()=>
            #member: #krate::__private::Place::field(__rk_place, ::core::mem::offset_of!(Self, #member))
        )
    });
    Ok(quote! {
        #[automatically_derived]
        impl #generics #krate::Layout for #name #arguments #bounds {
            const SIZE: usize = #krate::__private::size_of_fields(&[
                #((<#types as #krate::Layout>::SIZE, <#types as #krate::Layout>::ALIGN)),*
            ]);
            const ALIGN: usize = #krate::__private::align_of_fields(&[
                #((<#types as #krate::Layout>::SIZE, <#types as #krate::Layout>::ALIGN)),*
            ]);
            const FINGERPRINT: #krate::Fingerprint = #krate::Fingerprint::new().text(#label)
                #(.text(#labels).word(<#types as #krate::Layout>::FINGERPRINT.value()))*;

            fn place(__rk_place: &mut #krate::__private::Place) -> Self {
                let _ = &__rk_place;
                Self { #(#place),* }
            }
        }
    })
}

/// Where the runtime is: `::rekindle`, or as `#[rekindle(crate = path)]` says.
fn krate(input: &DeriveInput) -> Result<Path> {
    let mut krate: Path = parse_quote!(::rekindle);
    for attribute in &input.attrs {
        if attribute.path().is_ident("rekindle") {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("crate") {
                    krate = meta.value()?.call(Path::parse_mod_style)?;
                    return Ok(());
                }
                Err(meta.error("unknown option: `#[rekindle(crate = path)]` is the only one"))
            })?;
        }
    }
    Ok(krate)
}

fn refuse(span: Span, what: &str) -> Error {
    Error::new(
        span,
        format!("{what} has no fixed layout in NVM: use a struct of `Buffer`s"),
    )
}

fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(input: TokenStream) -> String {
        derive_layout(input).to_string()
    }

    #[test]
    fn structs_of_every_form_are_laid_out() {
        for input in [
            quote!(
                struct M {
                    x: Buffer<u8>,
                    y: [Buffer<i32>; 2],
                }
            ),
            quote!(
                pub struct M<T, const N: usize>(Buffer<[T; N]>, Buffer<u8>)
                where
                    T: Copy;
            ),
            quote!(
                struct M;
            ),
            quote!(
                #[rekindle(crate = sdk::rekindle)]
                struct M {
                    r#type: Buffer<u8>,
                }
            ),
        ] {
            let output = expanded(input.clone());
            assert!(!output.contains("compile_error"), "{input}: {output}");
            parse2::<syn::ItemImpl>(derive_layout(input)).unwrap();
        }
    }

    #[test]
    fn another_path_to_the_runtime_is_used_throughout() {
        let output = expanded(quote!(
            #[rekindle(crate = sdk::rk)]
            struct M {
                x: Buffer<u8>,
            }
        ));
        assert!(!output.contains(":: rekindle"), "{output}");
    }

    #[test]
    fn what_has_no_fixed_layout_is_refused() {
        for input in [
            quote!(
                enum M {
                    A,
                }
            ),
            quote!(union M { a: u8 }),
            quote!(
                #[rekindle(x = 1)]
                struct M;
            ),
            quote!(fn f()),
        ] {
            assert!(expanded(input).contains("compile_error"));
        }
    }
}
